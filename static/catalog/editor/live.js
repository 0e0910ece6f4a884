// What is typed is sent after each pause: shown at once beside the form, and stored when it rests. One request at a
// time; a text that could not be stored stays on the page, in the browser's own keeping, and is sent again.

const LOOK_AFTER = 200; // milliseconds from the first key not shown yet
const SAVE_AFTER = 500; // from the last key
const SAVE_AT_LEAST = 5_000; // while somebody types without a pause
const PATIENCE = 20_000;
const RETRIES = [2_000, 4_000, 8_000, 15_000, 30_000];
const BESIDE = ["title", "note"];
const NOT_SENT = new Set(["csrfmiddlewaretoken", "base", "base_title", "base_note", "do"]);

export class Live extends EventTarget {
  // `form`: the form; `addresses`: {live, again}; `data`: what the page was given; `pane()`: the name of the pane shown;
  // `logIn()`: asks for the password, resolves to a fresh token or null.
  constructor({ form, addresses, data, pane, logIn }) {
    super();
    Object.assign(this, { form, addresses, pane, logIn });
    this.user = data.user;
    this.base = data.base;
    this.revision = data.revision;
    this.given = { ...data.given }; // title and note, which are not in the text
    this.token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    this.typed = 0; // counts what was typed,
    this.stored = 0; // what of it is stored
    this.whole = true; // whether every field is in the text
    this.isNoteDue = data.isNoteDue; // whether publishing it would make a version after another one
    this.paused = false; // two texts stand against each other
    this.isPutOff = false; // the log-in was asked for, and put off
    this.unheard = null; // what was sent to be stored, where no answer came
    this.source = data.base;
    this.queue = [];
    this.failures = 0;
    globalThis.addEventListener("online", () => this.retry());
  }

  get isUnsaved() {
    return this.typed > this.stored || !this.whole;
  }

  // Something was typed or chosen.
  touched() {
    this.typed += 1;
    this.restedSince ??= Date.now();
    this.lookTimer ??= setTimeout(() => this.look(), LOOK_AFTER);
    clearTimeout(this.saveTimer);
    const longest = this.restedSince + SAVE_AT_LEAST - Date.now();
    this.saveTimer = setTimeout(() => this.save(), Math.max(0, Math.min(SAVE_AFTER, longest)));
    this.tell("typed");
  }

  look() {
    clearTimeout(this.lookTimer);
    this.lookTimer = null;
    return this.ask("look");
  }

  // What is saved is shown, too.
  save() {
    clearTimeout(this.saveTimer);
    clearTimeout(this.lookTimer);
    this.lookTimer = null;
    this.restedSince = null;
    return this.ask(this.paused ? "look" : "save");
  }

  // Store what is not stored; true where everything is.
  async settle() {
    if (this.isUnsaved || this.queue.length || this.busy) await this.save();
    return !this.isUnsaved && !this.paused;
  }

  // Queue a request; resolves to the answer, or to null where there was none.
  ask(deed, more = {}) {
    return new Promise((resolve) => {
      const last = this.queue.at(-1);
      const isPlain = (item) => item && Object.keys(item.more).length === 0 && ["look", "save"].includes(item.deed);
      if (isPlain(last) && isPlain({ deed, more })) {
        if (deed === "save") last.deed = "save";
        last.waiting.push(resolve);
      } else {
        this.queue.push({ deed, more, waiting: [resolve] });
      }
      this.pump();
    });
  }

  async pump() {
    if (this.busy) return;
    this.busy = true;
    while (this.queue.length) {
      const item = this.queue.shift();
      let answer = null;
      try {
        answer = await this.send(item);
      } catch (error) {
        console.error(error); // a fault of this page must not keep it from sending what comes next
      }
      for (const resolve of item.waiting) resolve(answer);
    }
    this.busy = false;
  }

  entries() {
    return [...new FormData(this.form)].filter(([name, value]) => !NOT_SENT.has(name) && typeof value === "string");
  }

  async send(item, isSecond = false) {
    const [typed, pane] = [this.typed, this.pane()];
    const beside = Object.fromEntries(BESIDE.map((name) => [name, this.form.elements[name]?.value]));
    const entries = this.entries();
    let response = null;
    let answer = null;
    try {
      response = await this.post(item, pane, entries);
      if (isJson(response)) answer = await response.json();
    } catch {
      if (item.deed === "save") this.unheard = entries;
      return this.lost(item);
    }
    if (response.status >= 500) return this.lost(item, response.status);
    if (item.deed === "save") this.unheard = null;
    if (response.status === 401) return this.loggedOut(item);
    if (response.status === 403 && !answer && !isSecond) return this.sendWithFreshToken(item);
    if (answer) return this.heard(response.status, answer, { ...item, typed, pane, beside });
    this.tell("refused", { status: response.status });
    return null;
  }

  post({ deed, more }, pane, entries) {
    return fetch(this.addresses.live, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify({
        do: deed,
        revision: this.revision,
        base: this.base,
        base_title: this.given.title,
        base_note: this.given.note,
        entries,
        unheard: this.unheard,
        pane,
        user: this.user,
        ...more,
      }),
      signal: AbortSignal.timeout(PATIENCE),
    });
  }

  // Somebody logged in again in another window: this page's token is an old one.
  async sendWithFreshToken(item) {
    try {
      const fresh = await (await fetch(this.addresses.again)).json();
      this.token = fresh.token;
      return fresh.user === this.user ? this.send(item, true) : this.loggedOut(item);
    } catch {
      return this.lost(item);
    }
  }

  heard(status, answer, { deed, typed, pane, beside }) {
    this.failures = 0;
    if (status === 409) {
      this.paused = true;
      this.tell("conflict", answer.conflict);
      return null;
    }
    if (answer.parts === undefined) {
      this.tell("refused", { status, ...answer });
      return null;
    }
    // Another text came back while somebody typed: what is typed goes back to the text it was written from.
    if (answer.form !== undefined && typed !== this.typed) return null;
    this.source = answer.source;
    this.whole = answer.whole;
    this.isNoteDue = answer.isNoteDue;
    if (answer.saved) {
      this.base = answer.base;
      this.revision = answer.revision;
      this.stored = Math.max(this.stored, typed);
      this.paused = false;
    }
    if (answer.form !== undefined) this.given = answer.given;
    else if (answer.saved) for (const name of BESIDE) this.settleBeside(name, beside[name], answer.beside[name]);
    this.tell("seen", { ...answer, deed, paneName: pane });
    return answer;
  }

  // Title and note as they are stored now. What somebody else made of them is shown, what is typed here stays.
  settleBeside(name, sent, stored) {
    const field = this.form.elements[name];
    if (field && stored === tidy(sent)) {
      this.given[name] = sent;
    } else if (stored !== tidy(this.given[name])) {
      this.given[name] = stored;
      if (field && field.value === sent) field.value = stored;
    }
  }

  async loggedOut(item) {
    this.tell("loggedOut");
    const token = this.isPutOff ? null : await this.logIn();
    this.isPutOff = !token;
    if (!token) {
      this.tell("stillLoggedOut");
      return null;
    }
    this.token = token;
    this.tell("loggedIn");
    return this.send(item);
  }

  // Ask for the log-in that was put off.
  logInNow() {
    this.isPutOff = false;
    return this.save();
  }

  lost(item, status = 0) {
    const wait = RETRIES[Math.min(this.failures, RETRIES.length - 1)];
    this.failures += 1;
    this.tell("lost", { deed: item.deed, status });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.retry(), wait);
    return null;
  }

  retry() {
    clearTimeout(this.retryTimer);
    if (this.failures && this.isUnsaved) this.save();
  }

  // Begin anew from a text that a page kept: what is typed goes back to that text and its revision.
  begin({ base, revision, given }) {
    this.base = base;
    this.revision = revision;
    this.given = { ...given };
    this.typed += 1;
  }

  tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function tidy(text) {
  return text?.trim().replaceAll(/\s+/g, " ");
}

function isJson(response) {
  return response.headers.get("Content-Type")?.startsWith("application/json");
}
