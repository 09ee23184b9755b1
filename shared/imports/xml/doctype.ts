const LT = 0x3c;
const GT = 0x3e;
const BANG = 0x21;
const DASH = 0x2d;
const QUESTION = 0x3f;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/**
 * Passes over a document type declaration, byte by byte across chunks. Nothing in it is used: not its entities, not its external
 * parts. Apple's own DTD is known to be malformed in some versions, so a quote left open ends at the next declaration.
 */
export class DoctypeSkipper {
  done = false;
  #inSubset = false;
  /** In a declaration of the internal subset, or in the doctype's own head. */
  #inDeclaration = true;
  #inInstruction = false;
  #inComment = false;
  #quote = 0;
  #before = 0;
  #beforeThat = 0;
  #third = 0;

  /** Consumes bytes; answers the position after the last one consumed. */
  skip(bytes: Uint8Array, from: number, end: number): number {
    let i = from;
    while (i < end && !this.done) this.#take(bytes[i++]!);
    return i;
  }

  #take(byte: number): void {
    let c = byte;
    if (this.#inComment) {
      if (c === GT && this.#before === DASH && this.#beforeThat === DASH) this.#inComment = false;
    } else if (this.#inInstruction) {
      if (c === GT && this.#before === QUESTION) this.#inInstruction = false;
    } else if (this.#quote !== 0) {
      if (c === this.#quote) this.#quote = 0;
      else if (c === BANG && this.#before === LT && this.#beforeThat === 0x0a) this.#quote = 0;
    } else {
      this.#plain(c);
      // The dashes that open a comment do not close it.
      if (this.#inComment) c = 0;
    }
    this.#third = this.#beforeThat;
    this.#beforeThat = this.#before;
    this.#before = c;
  }

  #plain(c: number): void {
    if (this.#opensComment(c)) {
      this.#inComment = true;
      // `<!` looked like the beginning of a declaration.
      if (this.#inSubset) this.#inDeclaration = false;
      return;
    }
    if (c === QUESTION && this.#before === LT) this.#inInstruction = true;
    else if ((c === QUOTE || c === APOSTROPHE) && this.#inDeclaration) this.#quote = c;
    else if (c === OPEN && !this.#inSubset) {
      this.#inSubset = true;
      this.#inDeclaration = false;
    } else if (c === CLOSE && this.#inSubset && !this.#inDeclaration) {
      this.#inSubset = false;
      this.#inDeclaration = true;
    } else if (c === BANG && this.#before === LT) this.#inDeclaration = true;
    else if (c === GT) {
      if (this.#inSubset) this.#inDeclaration = false;
      else this.done = true;
    }
  }

  #opensComment(c: number): boolean {
    return c === DASH && this.#before === DASH && this.#beforeThat === BANG && this.#third === LT;
  }
}
