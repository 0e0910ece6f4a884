// A copy of what is not stored yet, kept in this browser: it outlives a crash, a lost connection and a closed window.

const PREFIX = "agent-catalog-draft";
const EVERY = 300; // milliseconds; writing a long text at every key would be felt
const KEPT_FOR = 30 * 24 * 3600 * 1000;

export class Keeping {
  // `draft`: the agent's number; `user`: whose text it is; `window`: this window's own sign.
  constructor({ draft, user, window }) {
    this.prefix = `${PREFIX}:${draft}:`;
    this.key = this.prefix + window;
    this.user = user;
  }

  // Remember what `copy()` gives ({base, revision, entries}) soon.
  remember(copy) {
    this.copy = copy;
    this.timer ??= setTimeout(() => this.write(), EVERY);
  }

  write() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.copy) return;
    try {
      localStorage.setItem(this.key, JSON.stringify({ ...this.copy(), user: this.user, at: Date.now() }));
    } catch {
      // Storage is off or full: the page itself still holds the text.
    }
  }

  // Everything is stored: no copy is needed.
  forget() {
    clearTimeout(this.timer);
    this.timer = this.copy = null;
    this.remove(this.key);
  }

  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Storage is off: there is none.
    }
  }

  // Keeps a text that another one takes the place of; it is offered at the next visit.
  setAside(copy) {
    try {
      localStorage.setItem(`${this.key}-${Date.now()}`, JSON.stringify({ ...copy, user: this.user, at: Date.now() }));
    } catch {
      // Storage is off or full.
    }
  }

  // Removes a copy; gives what puts it back.
  take(key) {
    const kept = localStorage.getItem(key);
    this.remove(key);
    return () => localStorage.setItem(key, kept);
  }

  // What other windows, or this one before a crash, could not store; the newest first.
  leftovers() {
    const found = [];
    for (const key of storedKeys()) {
      const copy = read(key);
      if (!copy || Date.now() - copy.at > KEPT_FOR) this.remove(key);
      else if (key.startsWith(this.prefix) && key !== this.key && copy.user === this.user) found.push({ key, ...copy });
    }
    return found.sort((one, other) => other.at - one.at);
  }
}

function storedKeys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
