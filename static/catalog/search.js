// Results as one types. The form's own address is asked, as it would be without a script, and the results are taken
// from the page that answers. Focus stays in the box, and the address always says what is shown.

const form = document.querySelector("form[data-live]");
const field = form?.querySelector("input[type=search]");
const region = document.querySelector("[data-live-region]");
const status = document.getElementById("page-status");
const PAUSE = 150;

// The page as it was served: to what an empty box on the home page leads back, and the back button.
const served = { address: location.href, title: document.title, content: [...(region?.childNodes ?? [])] };
// The home page shows the results of the list: one step in the history, from which Back leads home.
const isElsewhere = form && new URL(form.action).pathname !== location.pathname;

let shown = field?.value.trim(); // the words whose results are shown, or on their way
let waiting;
let running;
let isAhead = false; // of the page that was served, in the history
let isKept = false; // whoever pressed Enter means to come back to what is shown

function address() {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  return query.size ? `${form.action}?${query}` : form.action;
}

function show(content, title) {
  const open = [...region.querySelectorAll("details[open][data-kind]")].map((details) => details.dataset.kind);
  region.replaceChildren(...content);
  for (const kind of open) region.querySelector(`details[data-kind="${kind}"]`)?.setAttribute("open", "");
  document.title = title;
}

function showServed() {
  running?.abort();
  show(served.content, served.title);
  status.textContent = "";
}

// True once the results are shown; false where they could not be had; undefined where something else was asked since.
async function load(url) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    const response = await fetch(url, { signal });
    const answer = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = answer.querySelector("[data-live-region]");
    if (signal.aborted) return undefined;
    if (!response.ok || !found) return false;
    show(found.childNodes, answer.title);
    status.textContent = region.querySelector("[data-live-count]")?.textContent.replace(/\s+/g, " ").trim() ?? "";
    return true;
  } catch {
    return signal.aborted ? undefined : false;
  }
}

function remember(url) {
  if (url === location.href) return;
  history[isKept || (isElsewhere && !isAhead) ? "pushState" : "replaceState"](null, "", url);
  isAhead = true;
  isKept = false;
}

async function search() {
  clearTimeout(waiting);
  const query = field.value.trim();
  if (query === shown) return;
  shown = query;
  if (isElsewhere && !query) {
    showServed();
    history.replaceState(null, "", served.address);
    return;
  }
  const url = address();
  const isShown = await load(url);
  if (isShown) remember(url);
  if (isShown === false) shown = undefined; // no network: what is there stays, and Enter asks again
}

function searchSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(search, PAUSE);
}

field?.addEventListener("input", (event) => {
  if (!event.isComposing) searchSoon(); // half a character of Japanese is no question
});
field?.addEventListener("compositionend", searchSoon);

form?.addEventListener("submit", (event) => {
  clearTimeout(waiting);
  const query = field.value.trim();
  if (query !== shown || !query) return; // not shown yet: the browser goes there
  event.preventDefault();
  isKept = true;
  if (matchMedia("(pointer: coarse)").matches) field.blur(); // the keyboard on the screen covers the results
});

addEventListener("popstate", async () => {
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  shown = field.value.trim();
  isAhead = location.href !== served.address;
  if (!isAhead) showServed();
  else if ((await load(location.href)) === false) location.reload();
});
