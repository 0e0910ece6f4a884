// The tabs beside the text: Page, File, Changes, Checks, Exports. On a narrow screen the text is the first of them.

const NARROW = window.matchMedia("(max-width: 59.99rem)");
const MEMORY = "editor-pane";
const WRITE = "write";
const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

/* Makes the links in [data-tabs] of `root` tabs of #pane, and on a narrow screen of #write too. `onShow(name)` is
   called whenever a pane has to be fetched; the answer goes to `fill`. Returns the Panes. */
export function startPanes(root, { onShow = () => {} } = {}) {
  return new Panes(root, onShow);
}

class Panes {
  constructor(root, onShow) {
    this.root = root;
    this.onShow = onShow;
    this.tabs = root.querySelector("[data-tabs]");
    this.places = { wide: this.tabs.parentElement, narrow: root.querySelector("[data-tabs-narrow]") };
    this.links = new Map([...this.tabs.querySelectorAll("[data-pane]")].map((link) => [link.dataset.pane, link]));
    this.write = root.querySelector("#write");
    this.pane = root.querySelector("#pane");
    this.scrolled = new Map();
    this.html = null;
    // The pane that is shown, or that waits behind the text.
    this.name = [...this.links.keys()].find((name) => this.links.get(name).hasAttribute("aria-current")) || "page";
    const isAskedFor = "asked" in root.dataset;
    this.writing = !isAskedFor;
    this.becomeTabs();
    if (!isAskedFor) this.recall();
    this.place();
    this.tabs.addEventListener("keydown", (event) => this.onKey(event));
    this.tabs.addEventListener("click", (event) => this.onClick(event));
    NARROW.addEventListener("change", () => this.place());
  }

  /* Whether the text hides the pane: so only on a narrow screen. */
  get isHidden() {
    return NARROW.matches && this.writing;
  }

  /* Turns to a pane, or to the text ("write"); with `focus`, its tab takes the focus. */
  show(name, { focus = false } = {}) {
    if (!this.links.has(name)) return;
    const wasHidden = this.isHidden;
    this.writing = name === WRITE;
    if (!this.writing) this.turnTo(name);
    remember(name);
    this.mark();
    if (this.isHidden !== wasHidden) window.scrollTo({ top: 0 });
    if (focus) this.links.get(name).focus();
    else if (name === WRITE && !NARROW.matches) this.write.querySelector("input:not([type=hidden]), textarea").focus();
  }

  /* Puts the server's answer into the pane; scroll position and focus stay. Too late an answer, for a pane that is
     not shown any more, does nothing. */
  fill(name, html) {
    if (name !== this.name) return;
    const isNew = this.pane.getAttribute("aria-busy") === "true";
    this.pane.removeAttribute("aria-busy");
    if (html === this.html) return;
    const hadFocus = this.pane.contains(document.activeElement);
    const open = new Set(isNew ? [] : this.details.filter(([, each]) => each.open).map(([key]) => key));
    const top = isNew ? this.scrolled.get(name) || 0 : this.pane.scrollTop;
    this.pane.innerHTML = this.html = html;
    for (const [key, each] of this.details) if (open.has(key)) each.open = true;
    this.pane.scrollTop = top;
    if (hadFocus) this.pane.focus({ preventScroll: true });
  }

  /* What can be folded in the pane, each by its id or by its place. */
  get details() {
    return [...this.pane.querySelectorAll("details")].map((each, place) => [each.id || place, each]);
  }

  turnTo(name) {
    if (name === this.name) return;
    this.scrolled.set(this.name, this.pane.scrollTop);
    this.name = name;
    this.html = null;
    this.pane.setAttribute("aria-busy", "true");
    queueMicrotask(() => this.onShow(name)); // not while the page is still being wired
  }

  /* Says on the tab how many findings there are, and whether any of them is a problem. */
  count(all, problems) {
    const sign = this.tabs.querySelector("[data-check-count]");
    sign.textContent = all || "";
    sign.classList.toggle("error", problems > 0);
  }

  recall() {
    const name = remembered();
    if (name !== WRITE && this.links.has(name)) this.turnTo(name);
  }

  becomeTabs() {
    this.tabs.setAttribute("role", "tablist");
    for (const [name, link] of this.links) {
      link.id = `tab-${name}`;
      link.setAttribute("role", "tab");
      link.setAttribute("aria-controls", name === WRITE ? "write" : "pane");
      link.removeAttribute("aria-current");
    }
    this.pane.setAttribute("role", "tabpanel");
    this.pane.tabIndex = 0;
  }

  /* The tabs stand over the pane, or, where there is no room for two columns, over both. */
  place() {
    const focused = this.tabs.contains(document.activeElement) && document.activeElement;
    this.places[NARROW.matches ? "narrow" : "wide"].prepend(this.tabs);
    for (const [key, value] of Object.entries({ role: "tabpanel", "aria-labelledby": `tab-${WRITE}` })) {
      if (NARROW.matches) this.write.setAttribute(key, value);
      else this.write.removeAttribute(key);
    }
    this.mark();
    if (focused) focused.focus();
  }

  mark() {
    const chosen = this.isHidden ? WRITE : this.name;
    for (const [name, link] of this.links) {
      link.setAttribute("aria-selected", String(name === chosen));
      link.tabIndex = name === chosen ? 0 : -1;
    }
    this.root.dataset.shown = this.isHidden ? WRITE : "pane";
    this.pane.setAttribute("aria-labelledby", `tab-${this.name}`);
    this.pane.dataset.pane = this.name;
  }

  onClick(event) {
    const link = event.target.closest("[data-pane]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.show(link.dataset.pane);
  }

  onKey(event) {
    const name = event.target.closest("[data-pane]")?.dataset.pane;
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = event.key === " " ? name : this.beside(name, STEPS[event.key]);
    if (!wanted) return;
    event.preventDefault();
    this.show(wanted, { focus: true });
  }

  beside(name, step) {
    if (!step) return null;
    const names = [...this.links.keys()].filter((each) => NARROW.matches || each !== WRITE);
    const at = names.indexOf(name) + step;
    if (Number.isFinite(at)) return names[(at + names.length) % names.length];
    return step < 0 ? names[0] : names.at(-1);
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(MEMORY) || "";
  } catch {
    return "";
  }
}

function remember(name) {
  try {
    sessionStorage.setItem(MEMORY, name);
  } catch {
    // Storage is off: the choice lasts for this page.
  }
}
