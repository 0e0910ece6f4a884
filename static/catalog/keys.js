// Ctrl+K or ⌘K goes to the search field; a link inside a sheet closes the sheet it was chosen from.

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const hint of document.querySelectorAll("[data-search] ~ kbd")) hint.textContent = "⌘K";
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const field = document.querySelector("[data-search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

document.addEventListener("click", (event) => {
  const sheet = event.target.closest("a") && event.target.closest("[popover]:popover-open");
  if (sheet) sheet.hidePopover();
});
