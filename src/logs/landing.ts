/**
 * Where the bytes of pipes land until their lines are in their files: memory that outlives the daemon, so that what it
 * had read when it was killed is found by the next one. Nothing of it costs a system call.
 *
 * A head of 64 KiB, then a slot for each pipe: 2 KiB for half a line, 64 KiB for what is read. The head has an entry of 64
 * bytes for each slot: u32 version, u32 how many of the bytes that were read are in their files, u32 length of the half
 * line, the name of the pipe, padded with zeros. What is read stands between zeros, and its first byte is the first to
 * become zero again.
 *
 * A page comes to be when it is first touched, and touching it ends the daemon when there is no room (SIGBUS), while
 * read(2) fails. So only pages of the head, and those that read(2) has written to, are ever touched here.
 */
const VERSION = 1;
const SLOTS = 1024;
const HALF_BYTES = 2 * 1024;
const READ_BYTES = 64 * 1024;
/** Whole pages; the half line is in the one that what is read begins in. */
const SLOT_BYTES = READ_BYTES + 4 * 1024;
const ENTRY_BYTES = 64;
const WRITTEN_AT = 4;
const HALF_AT = 8;
const NAME_AT = 12;
export const LANDING_HEAD_BYTES = SLOTS * ENTRY_BYTES;
export const LANDING_BYTES = LANDING_HEAD_BYTES + SLOTS * SLOT_BYTES;

/** Memory with the content that the last daemon left. */
export interface LandingMemory {
  /** The memory itself. */
  part(offset: number, bytes: number): Buffer;
  /** A copy, for which no page comes to be. */
  copy(offset: number, bytes: number): Buffer;
}

/** The slot of one pipe. */
export interface Landing {
  /** Bytes are read to its begin, and nowhere else. */
  readonly memory: Buffer;
  /** So many bytes from its begin on are in their files, the others not yet. */
  wrote(bytes: number): void;
  /**
   * Keeps half a line, in place of the one before.
   * @param half null for none
   * @returns false when it is too long: then none is kept
   */
  keep(half: Buffer | null): boolean;
  /** Nothing of what was read is needed any more. */
  clear(bytes: number): void;
  /** Gives the slot back. */
  release(): void;
}

/** What a daemon that was killed had read of a pipe. */
export interface Landed {
  readonly bytes: Buffer;
  /** How many of them are in their files. */
  readonly written: number;
  /** The half line before them; null when there is none here. */
  readonly half: Buffer | null;
}

export interface Landings {
  /**
   * Takes a slot.
   * @param name of the pipe, unique; at most 51 bytes
   * @returns null when there is none left, or the name is too long
   */
  take(name: string): Landing | null;
  /**
   * Deals with what was left of a pipe; afterwards it is gone.
   * @param name of the pipe
   * @param deal is not called when there is nothing
   */
  left(name: string, deal: (landed: Landed) => void): void;
  /** What is still left is of pipes that are no more. */
  forget(): void;
}

/**
 * Lays the slots over memory.
 * @param memory of LANDING_BYTES, as the last daemon has left it
 */
export function createLandings(memory: LandingMemory): Landings {
  const head = memory.part(0, LANDING_HEAD_BYTES);
  const entryOf = (slot: number) => head.subarray(slot * ENTRY_BYTES, (slot + 1) * ENTRY_BYTES);
  const placeOf = (slot: number) => LANDING_HEAD_BYTES + slot * SLOT_BYTES;
  /** Slots in which something was left, by pipe. */
  const leftIn = new Map<string, { readonly slot: number; readonly landed: Landed }>();
  const free: number[] = [];
  for (let slot = SLOTS - 1; slot >= 0; slot--) {
    const entry = entryOf(slot);
    const isUsed = entry.readUInt32LE(0) === VERSION;
    const landed = isUsed ? landedIn(entry, memory.copy(placeOf(slot), HALF_BYTES + READ_BYTES)) : null;
    if (landed === null) release(slot);
    else leftIn.set(entry.toString('utf8', NAME_AT, entry.indexOf(0, NAME_AT)), { slot, landed });
  }

  function release(slot: number): void {
    entryOf(slot).fill(0);
    free.push(slot);
  }

  function drop(name: string, slot: number, { bytes }: Landed): void {
    leftIn.delete(name);
    if (bytes.length > 0) memory.part(placeOf(slot) + HALF_BYTES, READ_BYTES).fill(0, 0, bytes.length);
    release(slot);
  }

  return {
    take(name) {
      if (Buffer.byteLength(name) >= ENTRY_BYTES - NAME_AT) return null;
      const slot = free.pop();
      if (slot === undefined) return null;
      const entry = entryOf(slot);
      entry.write(name, NAME_AT);
      entry.writeUInt32LE(VERSION, 0);
      return landingIn(entry, memory.part(placeOf(slot), HALF_BYTES + READ_BYTES), () => release(slot));
    },
    left(name, deal) {
      const found = leftIn.get(name);
      if (found === undefined) return;
      deal(found.landed);
      drop(name, found.slot, found.landed);
    },
    forget() {
      for (const [name, { slot, landed }] of leftIn) drop(name, slot, landed);
    },
  };
}

function landingIn(entry: Buffer, slot: Buffer, release: () => void): Landing {
  const halfLine = slot.subarray(0, HALF_BYTES);
  const bytes = slot.subarray(HALF_BYTES);
  return {
    memory: bytes,
    wrote: (count) => void entry.writeUInt32LE(count, WRITTEN_AT),
    keep(half) {
      const isKept = half === null || half.length <= HALF_BYTES;
      if (half !== null && isKept) halfLine.set(half);
      entry.writeUInt32LE(half !== null && isKept ? half.length : 0, HALF_AT);
      return isKept;
    },
    clear(count) {
      bytes.fill(0, 0, count);
      entry.writeUInt32LE(0, WRITTEN_AT);
    },
    release,
  };
}

/** Null for a slot with nothing in it. */
function landedIn(entry: Buffer, slot: Buffer): Landed | null {
  const halfBytes = Math.min(entry.readUInt32LE(HALF_AT), HALF_BYTES);
  const half = halfBytes === 0 ? null : slot.subarray(0, halfBytes);
  const bytes = slot.subarray(HALF_BYTES);
  // One that was being emptied has nothing that is needed.
  let end = bytes[0] === 0 ? 0 : bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  if (end === 0 && half === null) return null;
  return { bytes: bytes.subarray(0, end), written: Math.min(entry.readUInt32LE(WRITTEN_AT), end), half };
}
