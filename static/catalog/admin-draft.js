// Writing a draft: Ctrl+S or ⌘S saves, the page is not left with unsaved text, a finding leads to its line.

const form = document.getElementById("draft");
const text = document.getElementById("source");
let unsaved = form.hasAttribute("data-unsaved");

form.addEventListener("input", () => {
  unsaved = true;
});

form.addEventListener("submit", () => {
  unsaved = false;
});

window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const save = form.querySelector('[name="do"][value="save"]');
  if (!save) return;
  event.preventDefault();
  form.requestSubmit(save);
});

function goToLine(number) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[number - 1] || "").length);
  // A browser scrolls to what is typed, not to what is selected.
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (number - 4) * height);
}

for (const line of document.querySelectorAll("[data-line]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "line-link";
  button.textContent = line.textContent;
  button.addEventListener("click", () => goToLine(Number(line.dataset.line)));
  line.replaceWith(button);
}
