// Who else is here: tells the server that this window is open, and the page who has the same draft open elsewhere.

const EVERY = 15_000; // milliseconds; somebody who says nothing for three times as long counts as gone
const PATIENCE = 10_000;
const SECOND_LOOK = 1_500; // a save of this page may be on its way back

// `root` holds the element #others; `token()`, `isWriting()` and `revision()` are asked each time; `window` is this
// window's name. `onNewer(info)` is called once for each stored revision that is not the page's own, with
// {revision, edited_by, edited_by_me, state}; revision 0: the draft is gone. `onLoggedOut()` once each time.
export function startPresence({
  root,
  address,
  goneAddress,
  token,
  window: name,
  isWriting = () => false,
  revision = () => 0,
  onNewer = () => {},
  onLoggedOut = () => {},
}) {
  const others = root.querySelector("#others");
  let timer = null;
  let asking = null;
  let told = null; // the revision that onNewer was last called for
  let isLoggedOut = false;

  others?.setAttribute("role", "status");

  function show(html) {
    if (!others || others.dataset.shown === html) return;
    others.innerHTML = html;
    others.dataset.shown = html;
  }

  const isNews = (info) => (info.revision === 0 ? revision() !== 0 : info.revision > revision());

  function hear(info) {
    show(info.html);
    if (!isNews(info) || info.revision === told) return;
    told = info.revision;
    setTimeout(() => {
      if (isNews(info)) onNewer(info);
    }, SECOND_LOOK);
  }

  async function ask(signal) {
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ window: name, is_writing: isWriting(), revision: revision() }),
      signal,
    });
    if (response.status === 401) {
      if (!isLoggedOut) onLoggedOut();
      isLoggedOut = true;
    } else if (response.ok) {
      isLoggedOut = false;
      hear(await response.json());
    }
  }

  async function ping() {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    const patience = setTimeout(() => mine.abort(), PATIENCE);
    try {
      await ask(mine.signal);
    } catch {
      // No connection: whoever saves says so. The next sign of life follows as usual.
    }
    clearTimeout(patience);
    if (asking === mine && !document.hidden) timer = setTimeout(ping, EVERY);
  }

  function leave() {
    clearTimeout(timer);
    asking?.abort();
    const goodbye = new FormData();
    goodbye.append("csrfmiddlewaretoken", token());
    goodbye.append("window", name);
    navigator.sendBeacon(goneAddress, goodbye);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else ping();
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && ping());
  if (!document.hidden) ping();

  return { again: ping };
}
