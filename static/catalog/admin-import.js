// Files can be dropped on the page's frame, and what was chosen is named.

const frame = document.querySelector("[data-drop]");
const input = frame.querySelector('input[type="file"]');
const chosen = frame.querySelector("[data-chosen]");

function tell() {
  const names = Array.from(input.files, (file) => file.name);
  chosen.textContent = names.length > 1 ? `${names.length} files: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}` : "";
}

input.addEventListener("change", tell);

for (const kind of ["dragenter", "dragover"]) {
  frame.addEventListener(kind, (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    frame.classList.add("over");
  });
}

for (const kind of ["dragleave", "drop"]) {
  frame.addEventListener(kind, () => frame.classList.remove("over"));
}

frame.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  tell();
});
