import type { DetailsChange, PersonDetails } from "../../shared/person-details";
import type { Sealer } from "./sealer";

const NAMES = ["birthDate", "sex", "heightCm"] as const satisfies readonly (keyof PersonDetails)[];

/** Birth date, sex and height: sealed one by one, so that two changes at once never undo each other. */
export class Details {
  readonly #sql: SqlStorage;
  readonly #sealer: Sealer;

  constructor(sql: SqlStorage, sealer: Sealer) {
    this.#sql = sql;
    this.#sealer = sealer;
  }

  async read(): Promise<PersonDetails> {
    const [birthDate, sex, height] = await Promise.all(NAMES.map((name) => this.#read(name)));
    return {
      birthDate: birthDate ?? null,
      sex: sex === "female" || sex === "male" ? sex : null,
      heightCm: height === undefined ? null : Number(height),
    };
  }

  /** Keeps what is given and forgets what is null; everything else stays. */
  async change(change: DetailsChange): Promise<void> {
    const sealed = await Promise.all(
      NAMES.map(async (name) => {
        const value = change[name];
        return { name, value: value === undefined || value === null ? value : await this.#sealer.seal(placeOf(name), String(value)) };
      }),
    );
    for (const { name, value } of sealed) {
      if (value === null) this.#sql.exec("DELETE FROM person_details WHERE name = ?", name);
      else if (value !== undefined) this.#sql.exec("INSERT OR REPLACE INTO person_details (name, sealed) VALUES (?, ?)", name, value);
    }
  }

  async #read(name: string): Promise<string | undefined> {
    const [row] = this.#sql.exec<{ sealed: string }>("SELECT sealed FROM person_details WHERE name = ?", name).toArray();
    return row === undefined ? undefined : await this.#sealer.unseal(placeOf(name), row.sealed);
  }
}

function placeOf(name: string) {
  return { table: "person_details", column: "sealed", row: name };
}
