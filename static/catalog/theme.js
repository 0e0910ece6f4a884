// Remembers the reader's choice of light or dark. Loaded before the first paint, so nothing flashes.
// Same key and values as the admin's own switch: one choice for the whole catalog.
(() => {
  "use strict";
  const key = "theme";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function remembered() {
    try {
      return localStorage.getItem(key) || "auto";
    } catch {
      return "auto";
    }
  }

  function remember(choice) {
    try {
      localStorage.setItem(key, choice);
    } catch {
      // Storage is off: the choice lasts for this page.
    }
  }

  function isDark() {
    return root.dataset.theme === "dark" || (root.dataset.theme !== "light" && system.matches);
  }

  function show() {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-pressed", String(isDark()));
    }
  }

  root.dataset.script = "on";
  root.dataset.theme = remembered();
  document.addEventListener("DOMContentLoaded", show);
  system.addEventListener("change", show);

  window.addEventListener("storage", (event) => {
    if (event.key === key) {
      root.dataset.theme = remembered();
      show();
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const wanted = isDark() ? "light" : "dark";
    // Back to what the system says is no choice at all: follow it again.
    root.dataset.theme = (wanted === "dark") === system.matches ? "auto" : wanted;
    remember(root.dataset.theme);
    show();
  });
})();
