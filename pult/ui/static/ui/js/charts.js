// Draws every <canvas data-chart="id"> from the JSON in <script id="id">, with the colours of the stylesheet.
// Chart.js is fetched only when a page has a chart.
const drawn = new Map();
let library = null;

export function startCharts() {
  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  document.addEventListener("pult:theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

async function drawAll() {
  for (const [canvas, chart] of drawn) {
    if (canvas.isConnected) continue;
    chart.destroy();
    drawn.delete(canvas);
  }
  const waiting = [...document.querySelectorAll("canvas[data-chart]")].filter((canvas) => !drawn.has(canvas));
  if (!waiting.length) return;
  const Chart = await loadLibrary();
  for (const canvas of waiting) {
    if (!drawn.has(canvas) && canvas.isConnected) drawn.set(canvas, new Chart(canvas, settings(canvas)));
  }
}

function redraw() {
  for (const chart of drawn.values()) chart.destroy();
  drawn.clear();
  drawAll();
}

function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector('meta[name="pult-chart"]').content;
    script.onload = () => resolve(globalThis.Chart);
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

function settings(canvas) {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const language = document.documentElement.lang || "hu";
  const text = { color: colour("--pult-muted"), font: { family: style.getPropertyValue("--tblr-font-sans-serif"), size: 12 } };
  const figures = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  // a shop may send anything as a currency; what is none is shown as a plain figure
  const exact = new Intl.NumberFormat(language, /^[A-Z]{3}$/.test(data.currency || "")
    ? { style: "currency", currency: data.currency, minimumFractionDigits: 0, maximumFractionDigits: 2 }
    : { maximumFractionDigits: 2 });
  // a refund of a few thousand would take a whole step of the axis from the rest: the axis ends where the bar ends
  const lowest = data.stacked ? lowestPile(data.series) : 0;
  return {
    type: data.kind,
    data: {
      labels: data.labels,
      datasets: data.series.map((series) => ({
        label: series.name,
        data: series.values,
        backgroundColor: colour(`--pult-series-${series.colour}`),
        borderColor: colour(`--pult-series-${series.colour}`),
        borderWidth: data.kind === "line" ? 2 : 0,
        borderRadius: 2,
        pointRadius: 0,
        pointHitRadius: 12,
        maxBarThickness: 28,
      })),
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 250 },
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { stacked: data.stacked, grid: { display: false }, border: { color: colour("--pult-line") }, ticks: { ...text, maxRotation: 0, autoSkipPadding: 12 } },
        y: { stacked: data.stacked, beginAtZero: true, min: lowest < 0 ? lowest : undefined, grid: { color: colour("--pult-line") }, border: { display: false }, ticks: { ...text, maxTicksLimit: 6, includeBounds: false, callback: (value) => figures.format(value) } },
      },
      plugins: {
        legend: { display: data.stacked || data.series.length > 1, position: "bottom", labels: { ...text, boxWidth: 10, boxHeight: 10 } },
        tooltip: { callbacks: { label: (item) => ` ${item.dataset.label}: ${exact.format(item.parsed.y)}` } },
      },
    },
  };
}

// The lowest sum of the negative parts of any bar.
function lowestPile(series) {
  const count = Math.max(0, ...series.map((one) => one.values.length));
  return Math.min(0, ...Array.from({ length: count }, (_, at) => series.reduce((sum, one) => sum + Math.min(0, Number(one.values[at] || 0)), 0)));
}
