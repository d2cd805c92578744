/** The beginning: take the token, ask who we are, put up the frame, show the page of the address. */

import { Problem, get, takeToken } from "./data/api.js";
import { liveFeed } from "./data/live.js";
import { h } from "./base/dom.js";
import { here, startRouter } from "./base/router.js";
import { startTheme } from "./base/theme.js";
import { alertPage } from "./pages/alert.js";
import { alertsPage } from "./pages/alerts.js";
import { devicePage } from "./pages/device.js";
import { fleetPage } from "./pages/fleet.js";
import { pipelinePage } from "./pages/pipeline.js";
import { missingPage, signInPage } from "./pages/plain.js";
import { simulatorPage } from "./pages/simulator.js";
import { shell } from "./ui/shell.js";

const PAGES = {
  "": fleetPage,
  devices: fleetPage,
  alerts: alertsPage,
  pipeline: pipelinePage,
  simulator: simulatorPage,
};
const DETAILS = { devices: devicePage, alerts: alertPage };

async function begin() {
  startTheme();
  takeToken();
  const app = { live: liveFeed(), me: await whoWeAre() };
  if (!app.me) {
    signInPage(document.body);
    return;
  }
  app.simulates = await isSimulated(app.me.mode);
  app.live.setClock(app.me.now_ms, app.me.speed);
  const frame = shell(app);
  let leave = null;
  startRouter(() => {
    const place = here();
    const [name = "", id] = place.path;
    leave?.();
    const main = frame.freshMain();
    const page = (id === undefined ? PAGES[name] : DETAILS[name]) ?? missingPage;
    leave = page(main, { app, id, query: place.query }) ?? null;
    frame.shown(name, main);
  });
  app.live.onState(({ name }) => name === "locked" && signInPage(document.body));
  app.live.start();
}

/** A demo simulates for sure and the cloud never does; else the server is asked. */
async function isSimulated(mode) {
  if (mode !== "local") return mode === "demo";
  return get("/v1/simulator").then(
    () => true,
    () => false,
  );
}

/** Who we are; null where the token does not hold. While nobody answers, it is asked again. */
async function whoWeAre() {
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 8_000)) {
    try {
      return await get("/v1/me");
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null;
      document.body.replaceChildren(
        h("p", { class: "waiting", role: "status" }, `Waiting for the server: ${error.message}.`),
      );
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

begin();
