// Before the first paint: light or dark, as chosen or as the system has it.
(() => {
  let chosen = {};
  try {
    chosen = JSON.parse(localStorage.getItem("csb.settings")) ?? {};
  } catch {
    // storage is switched off: the system decides
  }
  const dark = chosen.theme ? chosen.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
