// Handing a draft on: its text is stored first, and what changed is asked for where nobody wrote it.

/* Returns `handOn(button, {asks})`. It ends in `leave(button)`, unless the text could not be stored, or somebody went
   back from the question in #hand-on. With `asks` that is put in any case: a key is pressed by mistake more easily than
   a button. */
export function startHandingOn({ form, live, isFrozen, notice, leave }) {
  const dialog = document.getElementById("hand-on");

  async function isStored() {
    if (isFrozen || (await live.settle())) return true;
    if (!live.whole) notice("warning", "One field is not in the text yet: see the sentence beside it.");
    return false;
  }

  // What is written in the question stays in the form, whatever is pressed there: nothing that was typed is lost.
  async function isMeant(asksNote) {
    const [isYes, text] = await askFirst(dialog, asksNote);
    if (text) {
      form.elements.note.value = text;
      if (!isFrozen) live.touched();
    }
    return isYes;
  }

  return async function handOn(button, { asks = false } = {}) {
    if (!(await isStored())) return;
    const asksNote = button.value === "publish" && live.isNoteDue && !form.elements.note.value.trim();
    if (asks || asksNote) {
      if (!(await isMeant(asksNote)) || !(await isStored())) return;
    }
    leave(button);
  };
}

// Shows the question; resolves to whether it was answered with yes, and what was written in it.
function askFirst(dialog, asksNote) {
  if (dialog.open) return [false, ""];
  const part = dialog.querySelector("[data-asks-note]");
  const box = part?.querySelector("input");
  if (box) [part.hidden, box.value] = [!asksNote, ""];
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = () => resolve([dialog.returnValue === "yes", box?.value.trim() || ""]);
    dialog.addEventListener("close", onClose, { once: true });
  });
}
