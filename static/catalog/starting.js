// A new agent: its name follows the title while that is typed, and agents to copy are found while a word is.

const PAUSE = 200; // milliseconds after the last keystroke

function later(work) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, PAUSE);
  };
}

// Only the answer to the last question counts; one that fails leaves the page as it is.
function asker() {
  let going = new AbortController();
  return async (address) => {
    going.abort();
    going = new AbortController();
    try {
      const answer = await fetch(address, { signal: going.signal, headers: { Accept: "application/json, text/html" } });
      return answer.ok && !answer.redirected ? answer : null;
    } catch {
      return null;
    }
  };
}

// --- The name ------------------------------------------------------------------------------------

const form = document.querySelector("form[data-names]");

function nameIt() {
  const { title, name } = form.elements;
  const note = document.getElementById("name-note");
  const followsTitle = form.elements.way.value !== "text";
  const ask = asker();
  // A name that somebody wrote is theirs; emptied, it follows the title again.
  let isOwn = name.value !== "";

  function tell({ sentence, taken, name: folded }) {
    note.replaceChildren(sentence);
    if (taken) {
      const link = document.createElement("a");
      link.href = taken.address;
      link.textContent = `Open ${taken.title}`;
      note.append(" ", link);
    }
    note.classList.toggle("taken", Boolean(taken) || (sentence !== "" && !folded));
    if (taken) name.setAttribute("aria-invalid", "true");
    else name.removeAttribute("aria-invalid");
  }

  async function suggest() {
    const question = new URLSearchParams({ title: followsTitle ? title.value : "", name: isOwn ? name.value : "" });
    const answer = await ask(`${form.dataset.names}?${question}`);
    if (!answer) return;
    const told = await answer.json();
    if (!isOwn && followsTitle) name.value = told.suggestion;
    tell(told);
  }

  const suggestSoon = later(suggest);
  title.addEventListener("input", () => {
    if (!isOwn && followsTitle) suggestSoon();
  });
  name.addEventListener("input", () => {
    isOwn = name.value !== "";
    suggestSoon();
  });
}

if (form) nameIt();

// --- The agent to copy ------------------------------------------------------------------------------

const finder = document.querySelector("form[data-find]");

if (finder) {
  const matches = document.getElementById("matches");
  const ask = asker();
  const look = async () => {
    const answer = await ask(`?${new URLSearchParams(new FormData(finder))}`);
    if (!answer) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("matches");
    if (found) matches.replaceChildren(...found.childNodes);
  };
  finder.elements.find.addEventListener("input", later(look));
}

// --- What was typed comes along to another way ----------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-keeps]");
  if (!link) return;
  const source = form ? form.elements : finder.elements;
  const address = new URL(link.href);
  for (const field of ["title", "name"]) {
    if (source[field]?.value) address.searchParams.set(field, source[field].value);
  }
  link.href = address;
});
