// Keeps "3 minutes ago" true while the page stays open. The steps are those of pult/ui/formats.py relative_time.
const EVERY_MS = 20_000;

export function startLiveTime() {
  const language = document.documentElement.lang || "hu";
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const refresh = () => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[data-live-time]")) {
      const text = relative(words, (Date.parse(element.dateTime) - Date.now()) / 1000);
      if (text && element.textContent !== text) element.textContent = text;
    }
  };
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}

// Beyond a day the server's date stays: a person who leaves a page open that long reloads it.
function relative(words, seconds) {
  const distance = Math.abs(seconds);
  if (Number.isNaN(distance) || distance >= 86400) return null;
  if (distance < 60) return words.format(0, "second");
  const [unit, size] = distance < 3600 ? ["minute", 60] : ["hour", 3600];
  return words.format(Math.sign(seconds) * Math.floor(distance / size), unit);
}
