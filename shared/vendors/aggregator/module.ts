import { networkModule } from "./contract";

/** The network that a deployment names in its configuration. One with an origin of its own has a folder of its own and a line in `vendors.ts`. */
export const AGGREGATOR_MODULE = networkModule({ id: "aggregator", title: "Laboratory and device network" });
