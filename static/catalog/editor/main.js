// The editor's page: wires the form to the server, to this browser's keeping and to the parts of the page.

import { startCards } from "./cards.js";
import { startHandingOn } from "./handing.js";
import { Keeping } from "./keeping.js";
import { startKeys } from "./keys.js";
import { Live } from "./live.js";
import { askToLogIn } from "./login.js";
import { startPanes } from "./panes.js";
import { startPresence } from "./people.js";
import { startTools } from "./tools.js";

const root = document.getElementById("editor");
const form = document.getElementById("draft");
const data = JSON.parse(document.getElementById("editor-data").textContent);
const addresses = root.dataset; // live, again, here, gone
const fields = document.getElementById("fields");
const pane = document.getElementById("pane");
const conflict = document.getElementById("conflict");
const notices = document.getElementById("notices");
const saveState = document.getElementById("save-state");
const logInDialog = document.getElementById("log-in");
const thisWindow = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("");

let isLeaving = false;
let live = null;
const panes = startPanes(root, { onShow: () => live?.look() });
live = new Live({
  form,
  addresses,
  data,
  pane: () => panes.name,
  logIn: () => askToLogIn(logInDialog, addresses.again, () => live.token),
});
const keeping = new Keeping({ draft: addresses.draft, user: data.user, window: thisWindow });
const copyOfText = () => ({ base: live.base, revision: live.revision, given: live.given, entries: live.entries() });

// --- The state of saving -------------------------------------------------------------------------

function say(words, state, address = "") {
  if (saveState.textContent !== words) {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = words;
    saveState.replaceChildren(address ? link : words);
  }
  const wasTrouble = saveState.classList.contains("trouble");
  const isTrouble = !["saved", "unsaved"].includes(state);
  saveState.dataset.state = state;
  saveState.classList.toggle("trouble", isTrouble);
  // Every pause in typing ends in "Saved": only what went wrong, and that it is well again, is read aloud.
  if (isTrouble || (wasTrouble && state === "saved")) document.getElementById("save-said").textContent = words;
}

// What keeps a text from being stored, and is still so while somebody types on.
const LASTING = new Set(["offline", "logged-out", "refused"]);

const sayTwoTexts = () => say("Not saved: two texts", "conflict", "#conflict-headline");

function clock() {
  return new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(new Date());
}

function notice(kind, words, buttons = []) {
  const banner = document.createElement("div");
  banner.className = `banner ${kind}`;
  banner.setAttribute("role", kind === "danger" ? "alert" : "status");
  const sentence = document.createElement("p");
  sentence.textContent = words;
  banner.append(sentence);
  if (buttons.length) {
    banner.dataset.asks = "";
    const deeds = document.createElement("p");
    deeds.className = "deeds";
    for (const [label, deed] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small";
      button.textContent = label;
      button.addEventListener("click", () => {
        banner.remove();
        deed();
      });
      deeds.append(button);
    }
    banner.append(deeds);
  }
  notices.querySelector(":scope > [role]")?.remove();
  notices.prepend(banner);
}

live.addEventListener("typed", () => {
  keeping.remember(copyOfText);
  if (live.paused) sayTwoTexts();
  else if (!LASTING.has(saveState.dataset.state)) say("Not saved yet", "unsaved");
});

live.addEventListener("seen", ({ detail }) => {
  showParts(detail);
  if (detail.trouble) {
    notice("danger", detail.trouble);
    say("Not saved", "refused");
    return;
  }
  if (!detail.saved) return;
  if (detail.deed === "save") notices.querySelector(":scope > [role]:not([data-asks])")?.remove();
  if (detail.whole && !live.isUnsaved) keeping.forget();
  if (!detail.whole) say("Saved, but for the marked fields", "partly");
  else if (!live.isUnsaved) say(`Saved ${clock()}`, "saved");
  conflict.replaceChildren();
});

live.addEventListener("lost", ({ detail }) => {
  const why = detail.status ? "The server has a problem" : "No connection";
  if (live.isUnsaved) say(`${why}. Kept in this browser`, "offline");
  if (!["look", "save"].includes(detail.deed)) notice("warning", `${why}. Nothing was changed; try again.`);
});

live.addEventListener("loggedOut", () => say("Logged out. Kept in this browser", "logged-out"));
live.addEventListener("loggedIn", () => presence.again());
live.addEventListener("stillLoggedOut", () => {
  notice("warning", "You are logged out. What you write is kept in this browser, and saved when you log in again.", [
    ["Log in", () => live.logInNow()],
  ]);
});

live.addEventListener("refused", ({ detail }) => {
  say("Not saved", "refused");
  const reasons = {
    403: "You may not change this draft any more. Your text is kept in this browser: copy what you need.",
    404: "This agent is not here any more. Your text is kept in this browser: copy what you need.",
    413: "The text is larger than an agent’s file may be. Shorten it; it is kept in this browser meanwhile.",
  };
  notice("danger", detail.trouble || reasons[detail.status] || "The server could not take the text. It is kept in this browser.");
});

live.addEventListener("conflict", ({ detail }) => {
  if (conflict.dataset.revision !== String(detail.revision) || !conflict.firstElementChild) {
    conflict.innerHTML = detail.html;
    conflict.dataset.revision = String(detail.revision);
  }
  sayTwoTexts();
  live.look();
});

// --- What the server says about the text -------------------------------------------------------------

function showParts({ parts, pane: html, paneName, form: fieldsHtml, view, beside, suggestedName, count, errors }) {
  if (fieldsHtml !== undefined) {
    showFields(fieldsHtml);
    form.elements.note.value = beside.note;
    markView(view);
  }
  for (const [id, inner] of Object.entries(parts)) {
    const part = document.getElementById(id);
    if (part && part.dataset.shown !== inner) {
      part.innerHTML = inner;
      part.dataset.shown = inner;
    }
  }
  panes.fill(paneName, html);
  if (paneName === "page") showWhereItIsWritten();
  panes.count(count, errors);
  suggestName(suggestedName);
}

// Somebody who writes far down in the prompt sees that part of the page, if it is not in sight already.
function showWhereItIsWritten() {
  const box = document.activeElement;
  const prompt = pane.querySelector(".prompt-section");
  if (box?.id !== "prompt" || !prompt || pane.scrollHeight <= pane.clientHeight) return;
  const share = box.value.length ? box.selectionStart / box.value.length : 0;
  const at = prompt.offsetTop - pane.offsetTop + share * prompt.offsetHeight;
  if (at < pane.scrollTop || at > pane.scrollTop + pane.clientHeight) pane.scrollTop = at - pane.clientHeight / 2;
}

// The form anew, with the focus where it was.
function showFields(html) {
  const active = document.activeElement;
  const [id, at] = [fields.contains(active) ? active.id : "", active?.selectionStart];
  fields.innerHTML = html;
  form.dispatchEvent(new CustomEvent("fieldsreplaced"));
  const again = id && document.getElementById(id);
  if (!again) return;
  again.focus({ preventScroll: true });
  if (typeof at === "number") again.setSelectionRange?.(at, at);
}

// A name follows the title until somebody writes one of their own.
let suggestion = data.suggestedName;
function suggestName(name) {
  const input = form.elements.name;
  if (!name || !input || input instanceof RadioNodeList) return;
  const follows = input.value === "" || input.value === suggestion;
  suggestion = name;
  if (follows && input.value !== name && document.activeElement === form.elements.title) {
    input.value = name;
    live.touched();
  }
}

// --- Buttons ------------------------------------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[name=do]");
  if (!button || button.form !== form || event.defaultPrevented) return;
  const [verb] = button.value.split(" ");
  if (verb === "example") return; // cards.js
  event.preventDefault();
  if (verb === "save") await live.save();
  else if (verb === "mend") await mend(button.value);
  else if (["keep", "merge", "take"].includes(verb)) await settleConflict(verb);
  else await handOn(button);
});

// Submitting and publishing are pages of their own.
function leaveWith(button) {
  form.elements.revision.value = live.revision;
  form.elements.base.value = live.base;
  form.elements.csrfmiddlewaretoken.value = live.token;
  isLeaving = true;
  form.requestSubmit(button);
}

// Ask for another text in the place of this one: nobody types into a form that is about to go.
async function renew(deed, more = {}) {
  const active = document.activeElement;
  fields.inert = true;
  const answer = await live.ask(deed, more);
  fields.inert = false;
  if (document.activeElement === document.body && active.id) document.getElementById(active.id)?.focus({ preventScroll: true });
  return answer;
}

async function mend(deed) {
  const answer = await renew(deed);
  if (!answer) return;
  const name = deed.split(":")[1];
  const field = document.getElementById(`field-${name === "description" ? "lead" : name}`);
  if (field) focusIn(field);
}

// A group of choices is entered at the chosen one.
function focusIn(field) {
  const first = field.querySelector("input[type=radio]:checked, input:not([type=hidden], [type=radio]), textarea, select");
  first?.focus({ preventScroll: true });
}

async function settleConflict(verb) {
  const mine = copyOfText();
  if (verb === "take" && live.isUnsaved) keeping.setAside(mine);
  const answer = await renew(verb, { theirs: Number(conflict.dataset.revision) });
  if (!answer) return;
  notice("good", answer.said, verb === "take" ? [["Bring mine back", () => bringBack(mine)]] : []);
}

for (const link of root.querySelectorAll("[data-view]")) {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    if (link.getAttribute("aria-current") === "true") return;
    await showView(link.dataset.view);
  });
}

async function showView(view) {
  const answer = view === "source" ? await renew("look") : await renew("form");
  if (!answer) return;
  if (view === "source" && !answer.whole) {
    notice("warning", "One field is not in the text yet: see the sentence beside it. Then the source can be shown.");
    return;
  }
  if (view === "source") {
    fields.replaceChildren(document.getElementById("source-view").content.cloneNode(true));
    form.elements.source.value = answer.source;
    live.look(); // findings lead to lines now
  }
  markView(view);
}

function markView(view) {
  for (const link of root.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const address = new URL(location.href);
  address.searchParams.set("view", view);
  history.replaceState(null, "", address);
}

// A finding leads to its field, or to its line of the source.
pane.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href^='#field-']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (field) {
    event.preventDefault();
    field.closest("details")?.setAttribute("open", "");
    panes.show("write");
    field.scrollIntoView({ block: "start" });
    focusIn(field);
    return;
  }
  const line = event.target.closest("[data-line]");
  if (!line) return;
  if (!form.elements.source) await showView("source");
  const text = form.elements.source;
  if (text) goToLine(text, Number(line.dataset.line));
});

function goToLine(text, number) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[number - 1] || "").length);
  // A browser scrolls to what is typed, not to what is selected: neither the box nor the page.
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (number - 4) * height);
  const top = text.getBoundingClientRect().top + (number - 1) * height - text.scrollTop;
  window.scrollBy({ top: top - window.innerHeight / 3 });
}

// --- Typing, leaving, coming back -----------------------------------------------------------------------

form.addEventListener("input", () => live.touched());

window.addEventListener("beforeunload", (event) => {
  if (isLeaving || !live.isUnsaved) return;
  keeping.write();
  event.preventDefault();
});
window.addEventListener("pageshow", (event) => {
  isLeaving = false;
  if (event.persisted && !live.isUnsaved) reload();
});
window.addEventListener("pagehide", () => live.isUnsaved && keeping.write());
document.addEventListener("visibilitychange", () => {
  if (document.hidden && live.isUnsaved) live.save();
});

function newer({ edited_by: who, edited_by_me: isMe }) {
  return isMe ? "You saved another text in another window just now." : `${who} saved another text just now.`;
}

function reload() {
  isLeaving = true;
  location.reload();
}

function offerLeftovers() {
  const here = JSON.stringify(live.entries());
  const left = [];
  for (const copy of keeping.leftovers()) {
    if (JSON.stringify(copy.entries) === here) keeping.remove(copy.key);
    else left.push(copy);
  }
  const [found] = left;
  if (!found) return;
  const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(found.at);
  const others = left.length > 1 ? ` There ${left.length === 2 ? "is one more" : `are ${left.length - 1} more`}.` : "";
  notice("warning", `There is a text of yours from ${time} that was not saved, from another window or an earlier visit.${others}`, [
    ["Bring it back", () => bringBack(found)],
    ["Throw it away", () => throwAway(found)],
  ]);
}

function throwAway(copy) {
  const undo = keeping.take(copy.key);
  notice("warning", "The text is thrown away.", [
    ["Undo", () => (undo(), offerLeftovers())],
    ["Close", offerLeftovers],
  ]);
}

async function bringBack(copy) {
  live.begin(copy);
  const answer = await renew("form", { entries: copy.entries });
  if (!answer) return;
  keeping.remember(copyOfText);
  if ((await live.settle()) && copy.key) keeping.remove(copy.key);
  offerLeftovers();
}

const presence = startPresence({
  root,
  address: addresses.here,
  goneAddress: addresses.gone,
  token: () => live.token,
  window: thisWindow,
  isWriting: () => live.isUnsaved,
  revision: () => live.revision,
  onNewer: (info) => {
    if (live.paused || live.isUnsaved) return; // the next save says so, with both texts
    if (info.revision === 0) notice("warning", "This draft was published or discarded just now.");
    else if (data.inReview) notice("warning", "This draft was returned or taken back just now.", [["Show it", reload]]);
    else if (info.state !== "editing") notice("warning", "This draft was submitted for review just now.", [["Show it", reload]]);
    else notice("warning", newer(info), [["Show it", () => (live.isUnsaved ? live.save() : renew("take"))]]);
  },
  onLoggedOut: () => live.isUnsaved && live.save(),
});

const primary = root.querySelector("[data-primary]");
const handOn = startHandingOn({ form, live, isFrozen: data.inReview, notice, leave: leaveWith });
startCards(form, { changed: () => live.touched() });
startTools(form);
startKeys({
  save: () => live.save(),
  handOn: () => primary && handOn(primary, { asks: true }),
  pane: (name) => panes.show(name),
});
if (data.isUnsaved) {
  live.paused = conflict.childElementCount > 0;
  live.typed += 1;
  if (live.paused) sayTwoTexts();
  else say("Not saved", "refused");
  keeping.remember(copyOfText);
} else if (!data.inReview) {
  offerLeftovers();
}
