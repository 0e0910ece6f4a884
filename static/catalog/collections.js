// A collection being put together: agents move and leave without a round trip. The order of the rows is the order
// that is sent, so that nothing else has to be kept in step.

const form = document.querySelector("form[data-collecting]");

function titleOf(row) {
  return row.querySelector(".chosen-title a").textContent;
}

function say(words) {
  form.querySelector("[data-says]").textContent = words;
}

const moves = {
  up(row) {
    row.previousElementSibling?.before(row);
    return row;
  },
  down(row) {
    row.nextElementSibling?.after(row);
    return row;
  },
  remove(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    return next;
  },
};

function place(row) {
  return [...row.parentElement.children].indexOf(row) + 1;
}

if (form) {
  let isUnsaved = "unsaved" in form.dataset;

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("[data-member]");
    const title = titleOf(row);
    const { move } = button.dataset;
    const next = moves[move](row);
    isUnsaved = true;
    (next?.querySelector(`[data-move="${move}"]`) || form.elements.find).focus();
    const count = form.querySelector("h2 .count");
    if (count) count.textContent = form.querySelectorAll("[data-member]").length || "";
    say(move === "remove" ? `${title} removed. Not saved yet.` : `${title} is number ${place(row)} now. Not saved yet.`);
  });

  form.addEventListener("input", (event) => {
    if (event.target.name !== "find") isUnsaved = true;
  });
  form.addEventListener("submit", () => {
    isUnsaved = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsaved) event.preventDefault();
  });
}
