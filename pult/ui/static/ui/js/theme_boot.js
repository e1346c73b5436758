// Sets the theme before the first paint. It blocks on purpose: a page must not flash white in a dark room.
(() => {
  const root = document.documentElement;
  const kept = document.cookie.match(/(?:^|; )pult_theme=(light|dark|auto)/)?.[1] ?? "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    if ((root.dataset.themeChoice ?? kept) === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light";
  };
  if (kept === "auto") follow();
  else root.dataset.bsTheme = kept;
  dark.addEventListener("change", follow);
})();
