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

  // Removes a copy; gives what puts it back.
  take(key) {
    const kept = localStorage.getItem(key);
    this.remove(key);
    return () => localStorage.setItem(key, kept);
  }

  // What other windows, or this one before a crash, could not store; the newest first.
  leftovers() {
    const found = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX)) continue;
        const copy = JSON.parse(localStorage.getItem(key));
        if (Date.now() - copy.at > KEPT_FOR) localStorage.removeItem(key);
        else if (key.startsWith(this.prefix) && key !== this.key && copy.user === this.user) found.push({ key, ...copy });
      }
    } catch {
      return [];
    }
    return found.sort((one, other) => other.at - one.at);
  }
}
