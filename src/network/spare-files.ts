import fs from 'node:fs';

/** A file made for one instance, open for writing and empty. */
export interface NewFile {
  readonly path: string;
  readonly fd: number;
}

const mostSpares = 16;

/**
 * Files for instances to come, made while others arrive. A file system that is just flushing an instance lets whoever
 * makes the next file wait for it, on the thread that serves all peers; made earlier, the name is also in that flush.
 * There are as many spares as instances ever began at once.
 */
export class SpareFiles implements AsyncDisposable {
  private readonly allocate: () => string;
  private readonly spares: NewFile[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private closed = false;

  /** `allocate` gives a new absolute path in a folder that exists, or throws. */
  constructor(allocate: () => string) {
    this.allocate = allocate;
  }

  /** A file nobody else has; throws what the disk or `allocate` said. */
  take(): NewFile {
    const file = this.spares.pop() ?? this.makeNow();
    if (this.spares.length + this.underWay.size < mostSpares) this.makeOneMore();
    return file;
  }

  /** Deletes the spares; what is left by a kill has no index row and goes at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    await Promise.all(this.underWay);
    for (const { path, fd } of this.spares.splice(0)) {
      fs.closeSync(fd);
      fs.rmSync(path, { force: true });
    }
  }

  private makeNow(): NewFile {
    const path = this.allocate();
    return { path, fd: fs.openSync(path, 'wx') };
  }

  private makeOneMore(): void {
    if (this.closed) return;
    const making = this.makeLater().finally(() => this.underWay.delete(making));
    this.underWay.add(making);
  }

  /** A disk that gives no file now is asked again, and told of, when the file is needed. */
  private async makeLater(): Promise<void> {
    try {
      const path = this.allocate();
      const fd = await new Promise<number>((resolve, reject) =>
        fs.open(path, 'wx', (error, opened) => (error === null ? resolve(opened) : reject(error))),
      );
      this.spares.push({ path, fd });
    } catch {
      return;
    }
  }
}
