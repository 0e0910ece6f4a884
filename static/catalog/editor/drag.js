// Putting cards into another order by their handle, with a mouse, a pen or a finger.

const THRESHOLD = 4; // pixels: less is a press, not a drag
const EDGE = 90; // this near to the edge of the window the page scrolls
const SPEED = 10; // pixels a frame

/* A press on [data-handle] inside `form` takes its [data-card] along; `onDrop(card)` is called where the order changed.
   Escape puts the cards back. The same can be done by buttons: this is for those who like to drag. */
export function startDrag(form, { onDrop }) {
  form.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (handle && event.button === 0) new Drag(handle, event, onDrop);
  });
}

class Drag {
  constructor(handle, event, onDrop) {
    this.handle = handle;
    this.card = handle.closest("[data-card]");
    this.list = this.card.parentElement;
    this.order = [...this.list.children];
    this.onDrop = onDrop;
    this.from = this.y = event.clientY;
    this.ended = new AbortController();
    const options = { signal: this.ended.signal };
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", (move) => this.move(move), options);
    handle.addEventListener("pointerup", () => this.end(), options);
    handle.addEventListener("pointercancel", () => this.cancel(), options);
    document.addEventListener("keydown", (key) => key.key === "Escape" && this.cancel(), options);
  }

  move(event) {
    this.y = event.clientY;
    if (!this.begun && Math.abs(this.y - this.from) < THRESHOLD) return;
    if (!this.begun) this.begin();
    this.place();
  }

  /* The cards fold, so that long ones can be put past each other; the one that is held stays under the pointer. */
  begin() {
    this.begun = true;
    const top = this.handle.getBoundingClientRect().top;
    for (const card of this.order) card.querySelector("legend").dataset.words = wordsOf(card);
    this.list.classList.add("sorting");
    this.card.classList.add("held");
    window.scrollBy({ top: this.handle.getBoundingClientRect().top - top, behavior: "instant" });
    this.scroll();
  }

  /* Its neighbours go around the card: a node that is moved itself loses the pointer. */
  place() {
    for (let other; (other = this.card.previousElementSibling) && this.y < middle(other); ) this.card.after(other);
    for (let other; (other = this.card.nextElementSibling) && this.y > middle(other); ) this.card.before(other);
  }

  scroll() {
    if (this.ended.signal.aborted) return;
    const step = this.y < EDGE ? -SPEED : this.y > window.innerHeight - EDGE ? SPEED : 0;
    if (step) {
      window.scrollBy({ top: step, behavior: "instant" });
      this.place();
    }
    requestAnimationFrame(() => this.scroll());
  }

  cancel() {
    this.list.append(...this.order);
    this.end();
  }

  end() {
    this.ended.abort();
    this.list.classList.remove("sorting");
    this.card.classList.remove("held");
    if (!this.begun) return;
    this.card.scrollIntoView({ block: "nearest" });
    if ([...this.list.children].some((card, at) => card !== this.order[at])) this.onDrop(this.card);
  }
}

/* What a folded card is known by. */
function wordsOf(card) {
  const texts = [...card.querySelectorAll("textarea")].map((text) => text.value.trim());
  return (card.querySelector("[name=example_user]")?.value.trim() || texts.find(Boolean) || "").slice(0, 120);
}

function middle(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}
