// Files and folders can be dropped anywhere on a page that takes them, and long work says what it is doing.

const form = document.querySelector("form[data-drop]");
const TAKEN = /\.(md|zip)$/i;
const NOT_OURS = new Set([".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", "__MACOSX"]);

// --- What is dropped ---------------------------------------------------------------------------

// The browser hands out what was dropped only while the event lasts.
function dropped(transfer) {
  return Array.from(transfer.items, (item) => {
    if (item.kind !== "file") return null;
    return (item.webkitGetAsEntry && item.webkitGetAsEntry()) || item.getAsFile();
  }).filter(Boolean);
}

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

// A folder tells its files by the hundred, until it tells none.
async function inside(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}

async function gather(entry, path, found, most) {
  if (found.length > most) return;
  if (entry.isDirectory) {
    if (path && NOT_OURS.has(entry.name)) return;
    for (const one of await inside(entry)) await gather(one, `${path}${entry.name}/`, found, most);
  } else if (!path || TAKEN.test(entry.name)) {
    found.push({ file: entry instanceof File ? entry : await fileOf(entry), path: path + entry.name });
  }
}

function refusal(found, roots) {
  const mostFiles = Number(form.dataset.mostFiles);
  const mostBytes = Number(form.dataset.mostBytes);
  if (!found.length) return `There is no .md or .zip file in ${roots.map((root) => root.name).join(", ")}.`;
  if (!found.some(({ file }) => TAKEN.test(file.name))) {
    const others = found.length > 1 ? ` and ${found.length - 1} more` : "";
    return `${found[0].file.name}${others}: neither a .md file nor a .zip. Nothing was sent. A folder that cannot be dropped can be packed as .zip.`;
  }
  if (found.length > mostFiles) {
    return `These are more than ${mostFiles.toLocaleString("en")} files. Pack the folder as .zip: then they are taken at once.`;
  }
  if (found.reduce((sum, { file }) => sum + file.size, 0) > mostBytes) {
    return `At most ${Math.round(mostBytes / 1e6)} MB are taken at once. Nothing was sent.`;
  }
  return "";
}

function refuse(sentence) {
  form.querySelector("[data-refused]").textContent = sentence;
}

async function take(roots) {
  const found = [];
  try {
    for (const root of roots) await gather(root, "", found, Number(form.dataset.mostFiles));
  } catch {
    refuse("The browser could not read what was dropped. Choose the files with the button, or pack the folder as .zip.");
    return;
  }
  const sentence = refusal(found, roots);
  refuse(sentence);
  if (sentence) return;
  const files = new DataTransfer();
  for (const { file } of found) files.items.add(file);
  form.elements.files.files = files.files;
  form.elements.paths.value = JSON.stringify(found.map(({ path }) => path));
  form.requestSubmit();
}

if (form) {
  const carriesFiles = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files");
  let depth = 0; // of the elements entered: each one left is told too
  const mark = (by) => {
    depth = Math.max(0, depth + by);
    document.documentElement.toggleAttribute("data-dropping", depth > 0);
  };
  document.addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    mark(-depth);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (!form.hasAttribute("data-sent")) take(dropped(event.dataTransfer));
  });
  form.elements.files.addEventListener("change", () => {
    form.elements.paths.value = "";
    refuse("");
  });
}

// --- Long work -----------------------------------------------------------------------------------

// The form is sent once, whatever is clicked meanwhile. The button is not disabled: its value would not be sent.
document.addEventListener("submit", (event) => {
  const sent = event.target;
  const words = event.submitter?.dataset.busy ?? sent.dataset.busy;
  if (sent.hasAttribute("data-sent")) event.preventDefault();
  if (!words || event.defaultPrevented) return;
  sent.setAttribute("data-sent", "");
  event.submitter?.setAttribute("aria-disabled", "true");
  const says = sent.querySelector("[data-says]");
  if (says) says.textContent = words;
  if (sent.dataset.progress && event.submitter?.dataset.busy) watch(sent, says, words);
});

// While the answer is on its way, the page of the report knows how many files are through.
async function watch(sent, says, words) {
  while (sent.hasAttribute("data-sent")) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    try {
      const answer = await fetch(sent.dataset.progress);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const progress = page.getElementById("progress");
      if (progress) says.textContent = `${words} ${progress.textContent.trim()}`;
    } catch {
      return; // the page is being left
    }
  }
}

// Back from the page that followed: the form can be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const sent of document.querySelectorAll("[data-sent]")) {
    sent.removeAttribute("data-sent");
    for (const button of sent.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
    const says = sent.querySelector("[data-says]");
    if (says) says.textContent = "";
  }
});
