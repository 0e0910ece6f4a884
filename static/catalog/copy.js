// Copy buttons. `data-copy` holds the text; or `data-copy-url` says where the file is, and
// `data-copy-from` how many characters to leave out at its start (the frontmatter, for the prompt).

async function textOf(button) {
  if (button.dataset.copy !== undefined) return button.dataset.copy;
  const response = await fetch(button.dataset.copyUrl);
  if (!response.ok) throw new Error(`${response.status}`);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer());
  return text.slice(Number(button.dataset.copyFrom || 0));
}

function writeOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  area.setAttribute("aria-hidden", "true");
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}

async function write(text) {
  // On plain http, other than loopback, browsers offer no clipboard object.
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else writeOldWay(text);
}

function say(button, words) {
  const label = button.querySelector("[data-copy-label]") || button;
  button.dataset.copyWords ||= label.textContent;
  label.textContent = words;
  const status = document.getElementById("page-status");
  if (status) status.textContent = words;
  clearTimeout(Number(button.dataset.copyTimer));
  button.dataset.copyTimer = String(
    setTimeout(() => {
      label.textContent = button.dataset.copyWords;
      if (status) status.textContent = "";
    }, 2000),
  );
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-url]");
  if (!button) return;
  try {
    await write(await textOf(button));
    say(button, "Copied");
    button.focus();
  } catch {
    say(button, "Not copied");
  }
});
