/** Our secret at the Oura of the benchmark, which the bare platform's receiver knows too. */
export const OURA_SECRET = "secret of oura";
