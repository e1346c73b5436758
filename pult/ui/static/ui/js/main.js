// The shell's scripts. Each module listens on the document, so what htmx brings in later works without being told.
import { startTheme } from "./theme.js";
import { startMenus } from "./menus.js";
import { startKeyboard } from "./keyboard.js";
import { startList } from "./list.js";
import { startLiveTime } from "./live_time.js";
import { startDialogs } from "./dialogs.js";
import { startToasts } from "./toasts.js";
import { startErrors } from "./htmx_errors.js";
import { startCopying } from "./copy.js";
import { startCharts } from "./charts.js";

for (const start of [
  startTheme, startMenus, startDialogs, startToasts, startErrors, startKeyboard, startList, startLiveTime, startCopying,
  startCharts,
]) start();
