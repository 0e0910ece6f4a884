// Remembers which tool a reader installs for. Loaded in its place, so that the page is not painted before it is known.
(() => {
  "use strict";
  const key = "tool";
  const choices = document.currentScript.parentElement;

  function remembered() {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  const chosen = [...choices.elements].find((each) => each.name === key && each.value === remembered());
  if (chosen) chosen.checked = true;

  choices.addEventListener("change", (event) => {
    if (event.target.name !== key) return;
    try {
      localStorage.setItem(key, event.target.value);
    } catch {
      // Storage is off: the choice lasts for this page.
    }
  });
})();
