/** Lets one loop sleep until something happens or a time has passed. A call while nobody sleeps isn't lost. */
export class Wake {
  #isPending = false;
  #resolve: (() => void) | null = null;

  call(): void {
    if (this.#resolve === null) this.#isPending = true;
    else this.#resolve();
  }

  async sleep(ms: number): Promise<void> {
    if (this.#isPending) {
      this.#isPending = false;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#resolve = null;
  }
}
