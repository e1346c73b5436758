// Shows the ticks of a connection test as they happen: each line of the answer is one <li>, appended when it arrives.
// <ol data-check="address" data-check-broken="words"> is filled; [data-check-start] starts it (again), data-check-at-once by itself.
const list = document.querySelector("[data-check]");
const starters = [...document.querySelectorAll("[data-check-start]")];

for (const button of starters) button.addEventListener("click", run);
if (list?.hasAttribute("data-check-at-once")) run();

async function run() {
  for (const button of starters) button.disabled = true;
  list.replaceChildren();
  list.setAttribute("aria-busy", "true");
  try {
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const response = await fetch(list.dataset.check, { method: "POST", headers });
    if (!response.ok) throw new Error(String(response.status));
    await readLines(response.body, (line) => list.insertAdjacentHTML("beforeend", line));
  } catch {
    const item = document.createElement("li");
    item.className = "check-verdict";
    item.dataset.level = "error";
    item.textContent = list.dataset.checkBroken;
    list.append(item);
  }
  list.removeAttribute("aria-busy");
  for (const button of starters) button.disabled = false;
}

async function readLines(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.forEach(take);
  }
  if (rest) take(rest);
}
