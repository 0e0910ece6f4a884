// The checklist of tools: a tick chooses "only these", a group can be ticked as a whole, a sentence sums it up.

const ALL = "all";
const ONLY = "only";
const DEEDS = {
  "reads-files": "read files",
  "changes-files": "change files",
  "runs-commands": "run commands",
  "goes-online": "go online",
  delegates: "hand work to others",
  organises: "keep a list of tasks",
};

/* Keeps the groups of #tools-only and what is said about them in step, also where the server put new HTML in place of
   the old (the form then dispatches "fieldsreplaced"). */
export function startTools(form) {
  form.addEventListener("change", (event) => onChange(form, event.target));
  form.addEventListener("input", (event) => {
    if (event.target.name !== "tools_more") return;
    if (event.target.value.trim()) chooseOnly(form);
    show(form);
  });
  form.addEventListener("fieldsreplaced", () => show(form));
  show(form);
}

function onChange(form, target) {
  if (target.matches("[data-whole]")) {
    for (const box of boxesOf(target.closest(".tool-group"))) box.checked = target.checked;
    chooseOnly(form);
  } else if (target.name === "tool") {
    chooseOnly(form);
  } else if (target.name !== "tools_scope") {
    return;
  }
  show(form);
}

function chooseOnly(form) {
  form.querySelector(`[name=tools_scope][value=${ONLY}]`).checked = true;
}

function boxesOf(group) {
  return [...group.querySelectorAll("[name=tool]")];
}

function show(form) {
  const tools = form.querySelector("#tools-only");
  if (!tools) return;
  const isAll = form.querySelector("[name=tools_scope]:checked")?.value === ALL;
  const groups = [...tools.querySelectorAll(".tool-group")];
  const more = form.elements.tools_more.value.split("\n").filter((line) => line.trim()).length;
  for (const group of groups) showGroup(group, isAll);
  const ticked = groups.filter((group) => boxesOf(group).some((box) => box.checked));
  const isNone = !isAll && !ticked.length && !more;
  tools.classList.toggle("all", isAll);
  tools.querySelector("#tools-none").hidden = !isNone;
  const said = form.querySelector(".tools-said") || addSaid(form);
  const words = isNone ? "" : sentence(isAll, ticked.map((group) => DEEDS[group.dataset.kind]), more);
  if (said.textContent !== words) said.textContent = words;
}

function addSaid(form) {
  const said = document.createElement("p");
  said.className = "tools-said";
  said.setAttribute("role", "status");
  form.querySelector("#tools-scope").after(said);
  return said;
}

function showGroup(group, isAll) {
  const whole = group.querySelector("[data-whole]") || addWhole(group);
  const boxes = boxesOf(group);
  const ticked = boxes.filter((box) => box.checked).length;
  whole.checked = ticked > 0 && ticked === boxes.length;
  whole.indeterminate = ticked > 0 && ticked < boxes.length;
  group.querySelector(".count").textContent = isAll ? "" : `${ticked} of ${boxes.length}`;
}

/* The legend gets a box of its own for the whole group. */
function addWhole(group) {
  const legend = group.querySelector("legend");
  const label = document.createElement("label");
  const whole = document.createElement("input");
  const hidden = document.createElement("span");
  const count = document.createElement("span");
  whole.type = "checkbox";
  whole.dataset.whole = "";
  hidden.className = "visually-hidden";
  hidden.textContent = ": all of them";
  count.className = "count";
  label.append(whole, ...legend.childNodes, hidden);
  legend.append(label, " ", count);
  return whole;
}

function sentence(isAll, deeds, more) {
  if (isAll) return "It may use every tool that its user may.";
  const others = more ? [`use ${more === 1 ? "one other tool" : `${more} other tools`} named below`] : [];
  const parts = [...deeds, ...others];
  const last = parts.pop();
  return `It may ${parts.length ? `${parts.join(", ")} and ${last}` : last}.`;
}
