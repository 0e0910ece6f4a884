// The keyboard: save, hand on, turn to a pane, and the list of shortcuts.

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
const MEMORY = "editor-question-mark";
const PANES = { Digit1: "page", Digit2: "file", Digit3: "changes", Digit4: "checks", Digit5: "exports", Digit0: "write" };

/* Listens for shortcuts on the whole page: Ctrl or ⌘ with S calls `save()`, with Enter `handOn()`, Alt+Shift (on a
   Mac: Control) with 1 to 5 `pane(name)`, ? calls `help()` while nobody types. Without `help` the dialog #keys opens.
   A press on [data-keys-open] opens it too, one on [data-close] closes a dialog, and Escape or a press elsewhere
   closes a menu. */
export function startKeys({ save, handOn, pane, help = openKeys }) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus({ back: true });
    const act = actOf(event, { save, handOn, pane, help });
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", (event) => {
    event.target.closest("[data-close]")?.closest("dialog").close();
    if (!event.target.closest(".editor-menu summary")) closeMenus();
    if (event.target.closest("[data-keys-open]")) help();
  });
  startDialog(document.getElementById("keys"));
}

function actOf(event, { save, handOn, pane, help }) {
  // An open dialog has the keyboard to itself; AltGr, and text that is being composed, are typing.
  if (event.isComposing || event.getModifierState("AltGraph") || document.querySelector("dialog:modal")) return null;
  const isCommand = (APPLE ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey;
  if (isCommand && event.key.toLowerCase() === "s") return save;
  if (isCommand && event.key === "Enter") return handOn;
  // Alt with a digit alone belongs to the browser (its own tabs), on a Mac it writes a sign.
  const isPane = APPLE
    ? event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey
    : event.altKey && event.shiftKey && !event.ctrlKey && !event.metaKey;
  if (isPane && PANES[event.code]) return () => pane(PANES[event.code]);
  if (event.key === "?" && !event.ctrlKey && !event.metaKey && !isTyping(event.target) && isOn()) return help;
  return null;
}

function isTyping(element) {
  return element.matches("textarea, select, [contenteditable=true], input:not([type=radio], [type=checkbox])");
}

function openKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog.open) dialog.showModal();
}

function closeMenus({ back = false } = {}) {
  for (const menu of document.querySelectorAll(".editor-menu[open]")) {
    if (back && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

function startDialog(dialog) {
  if (APPLE) for (const key of dialog.querySelectorAll("[data-apple]")) key.textContent = key.dataset.apple;
  const box = dialog.querySelector("[data-question-mark]");
  box.checked = isOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(MEMORY, box.checked ? "on" : "off");
    } catch {
      // Storage is off: ? stays as it is.
    }
  });
}

/* Single keys disturb people who dictate: they can be turned off (WCAG 2.1.4). */
function isOn() {
  try {
    return localStorage.getItem(MEMORY) !== "off";
  } catch {
    return true;
  }
}
