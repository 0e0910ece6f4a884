// The examples, one card each: add, remove with a way back, move by buttons, keys or dragging.

import { startDrag } from "./drag.js";

const UNDO_FOR = 10_000; // milliseconds, and as long as the pointer or the focus rests on the offer
const TYPING = "textarea, input:not([type=button], [type=submit], [type=checkbox], [type=radio]), select";
const NUMBERED = ["id", "for", "aria-labelledby", "aria-describedby"];

/* Lets the buttons `do=example …` inside `form` do their work in the page; Alt+↑ and Alt+↓ move the card with the focus.
   `changed()` is called after each change. HTML that the server puts in place of the old goes on working. */
export function startCards(form, { changed }) {
  return new Cards(form, changed);
}

class Cards {
  constructor(form, changed) {
    this.form = form;
    this.changed = changed;
    this.removed = [];
    this.voice = region("visually-hidden");
    this.offer = region("offer");
    form.after(this.voice, this.offer);
    form.addEventListener("click", (event) => this.onClick(event));
    form.addEventListener("keydown", (event) => this.onKey(event));
    this.offer.addEventListener("click", (event) => event.target.closest("button") && this.undo());
    startDrag(form, { onDrop: (card) => this.settle(`moved to place ${this.number(card)} of ${this.all.length}`) });
  }

  get list() {
    return this.form.querySelector("#examples");
  }

  get all() {
    return [...this.list.querySelectorAll(":scope > [data-card]")];
  }

  number(card) {
    return this.all.indexOf(card) + 1;
  }

  onClick(event) {
    const button = event.target.closest("button[data-example]");
    if (!button) return;
    event.preventDefault();
    const card = button.closest("[data-card]");
    if (button.dataset.example === "add") this.add();
    else if (button.dataset.example === "remove") this.remove(card);
    else this.move(card, button.dataset.example, button);
  }

  onKey(event) {
    const card = event.target.closest("[data-card]");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (card && event.altKey && isPlain && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      this.move(card, event.key === "ArrowUp" ? "up" : "down", event.target);
    }
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (isUndo && this.removed.length && !event.target.matches(TYPING)) {
      event.preventDefault();
      this.undo();
    }
  }

  add() {
    const blank = document.getElementById("blank-card").content.firstElementChild.cloneNode(true);
    this.list.append(blank);
    this.settle(`Example ${this.all.length} added`);
    blank.querySelector(TYPING).focus();
  }

  remove(card) {
    const number = this.number(card);
    const next = this.all[number] || this.all[number - 2];
    this.removed.push({ card, at: number - 1 });
    card.remove();
    this.settle("");
    this.propose(`Example ${number} removed.`);
    if (next) titleOf(next).focus();
    else this.form.querySelector("button[data-example=add]").focus();
  }

  undo() {
    if (!this.list || !this.removed.length) return; // the source is shown instead of the cards
    const { card, at } = this.removed.pop();
    this.list.insertBefore(card, this.all[at] || null);
    this.settle(`Example ${at + 1} is back`);
    this.withdraw();
    titleOf(card).focus();
  }

  /* Its neighbour goes past it, so that the focus and the caret stay in the card. */
  move(card, way, at) {
    const other = way === "up" ? card.previousElementSibling : card.nextElementSibling;
    if (!other) return;
    const top = at.getBoundingClientRect().top;
    if (way === "up") card.after(other);
    else card.before(other);
    window.scrollBy({ top: at.getBoundingClientRect().top - top, behavior: "instant" });
    this.settle(`moved to place ${this.number(card)} of ${this.all.length}`);
    if (at.disabled) card.querySelector(`[data-example=${way === "up" ? "down" : "up"}]`).focus();
  }

  /* After every change: numbers in their order, buttons at the ends off, one sentence for those who cannot see it. */
  settle(words) {
    this.all.forEach((card, at, all) => {
      renumber(card, at + 1);
      card.querySelector("[data-example=up]").disabled = at === 0;
      card.querySelector("[data-example=down]").disabled = at === all.length - 1;
    });
    document.getElementById("no-examples").hidden = this.all.length > 0;
    this.voice.textContent = words;
    this.changed();
  }

  propose(words) {
    const undo = document.createElement("button");
    Object.assign(undo, { type: "button", className: "button small", textContent: "Undo" });
    this.offer.replaceChildren(words, " ", undo);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retract(), UNDO_FOR);
  }

  retract() {
    clearTimeout(this.timer);
    if (this.offer.matches(":hover, :focus-within")) {
      this.timer = setTimeout(() => this.retract(), UNDO_FOR / 5);
      return;
    }
    this.withdraw();
    this.removed = [];
  }

  withdraw() {
    clearTimeout(this.timer);
    this.offer.replaceChildren();
  }
}

function region(className) {
  const element = document.createElement("div");
  element.className = className;
  element.setAttribute("role", "status");
  return element;
}

function titleOf(card) {
  const title = card.querySelector("legend");
  title.tabIndex = -1;
  return title;
}

/* Writes the card's number wherever the server wrote it: in words, and in the names that tie labels to their fields. */
function renumber(card, number) {
  const signs = card.querySelectorAll("[data-number]");
  const old = signs[0].textContent.trim();
  if (old === String(number)) return;
  const sign = new RegExp(`(?<![\\w])${old}(?![\\w])`);
  for (const each of signs) each.textContent = number;
  for (const element of card.querySelectorAll("*")) {
    // The value of a button says what it does; that of a field is somebody's text.
    for (const name of element.matches("button") ? [...NUMBERED, "value"] : NUMBERED) {
      const value = element.getAttribute(name);
      if (!value) continue;
      element.setAttribute(name, value.split(" ").map((part) => part.replace(sign, number)).join(" "));
    }
  }
}
