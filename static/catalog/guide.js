// Search in the guide as one types, by the page that answers without a script, too; and the words that were
// looked for, marked on the page that was found.

const form = document.querySelector("[data-guide-search]");
const field = form.querySelector("input");
const results = document.getElementById("guide-results");
const text = document.querySelector("[data-guide-text]");
const status = document.getElementById("page-status");
const isIndex = location.pathname === new URL(form.action).pathname;
const PAUSE = 150;

let turn = 0;
let waiting;

function addressOf(query) {
  return query ? `${form.action}?${new URLSearchParams({ q: query })}` : form.action;
}

async function search() {
  clearTimeout(waiting);
  const query = field.value.trim();
  const mine = ++turn;
  if (isIndex && !query) return location.assign(form.action);
  if (!query) {
    results.replaceChildren();
    text.hidden = false;
    status.textContent = "";
    return undefined;
  }
  let answer;
  try {
    const response = await fetch(addressOf(query));
    if (!response.ok) return undefined;
    answer = await response.text();
  } catch {
    return undefined; // the text stays; Enter asks again
  }
  if (mine !== turn) return undefined; // an older question, answered late
  const found = new DOMParser().parseFromString(answer, "text/html").getElementById("guide-results");
  results.replaceChildren(...found.childNodes);
  text.hidden = true;
  if (isIndex) history.replaceState(null, "", addressOf(query));
  status.textContent = results.querySelector("[data-guide-count]").textContent.trim();
  return undefined;
}

field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(search, PAUSE);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});

function markWords(query) {
  const words = query.match(/[\p{L}\p{N}_]+/gu);
  if (!words || !globalThis.CSS?.highlights) return;
  const stems = words.map((word) => (word.length > 3 ? word.replace(/s$/i, "") : word));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${stems.join("|")})[\\p{L}\\p{N}_]*`, "giu");
  const ranges = [];
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const match of walker.currentNode.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(walker.currentNode, match.index);
      range.setEnd(walker.currentNode, match.index + match[0].length);
      ranges.push(range);
    }
  }
  CSS.highlights.set("guide-found", new Highlight(...ranges));
}

if (!isIndex) markWords(new URLSearchParams(location.search).get("q") ?? "");
