// Answers on their way: numbered batches, sent again until the server says it has them.
import { read, write } from "./keep.js";

const LARGEST = 7000;
const LONGEST_WAIT = 60000;

export class Outbox {
  constructor(token, next, told) {
    this.token = token;
    this.next = next;
    this.told = told;
    this.waiting = [];
    this.batches = [];
    this.failed = 0;
    this.timer = null;
    this.sending = null;
  }

  static async resume(token, next, told) {
    const box = new Outbox(token, next, told);
    const kept = await read("outbox");
    if (kept && kept.token === token) Object.assign(box, { waiting: kept.waiting, batches: kept.batches, next: Math.max(next, kept.next) });
    addEventListener("online", () => box.send());
    return box;
  }

  get empty() {
    return this.waiting.length === 0 && this.batches.length === 0;
  }

  keep() {
    return write({ outbox: { token: this.token, waiting: this.waiting, batches: this.batches, next: this.next } });
  }

  async add(item) {
    this.waiting = [...this.waiting.filter((other) => other.item !== item.item), item];
    await this.keep();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), 1500);
  }

  pack() {
    while (this.waiting.length) {
      const items = [];
      while (this.waiting.length && JSON.stringify([...items, this.waiting[0]]).length * 2 < LARGEST) items.push(this.waiting.shift());
      if (!items.length) items.push(this.waiting.shift());
      this.batches.push({ session_uuid: this.token, seq: this.next++, items, client_time: Date.now() });
    }
  }

  // True once nothing is left to send.
  send() {
    this.sending ??= this.sendAll().finally(() => (this.sending = null));
    return this.sending;
  }

  async sendAll() {
    clearTimeout(this.timer);
    this.pack();
    await this.keep();
    while (this.batches.length) {
      let answer;
      try {
        answer = await fetch("/survey/batch", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(this.batches[0]),
        });
      } catch {
        return this.later();
      }
      // Only the form's own server may say that answers are taken or unreadable: a wall in between says neither.
      const told = await answer.json().catch(() => ({}));
      if (answer.status === 409 && told.next) {
        this.batches.forEach((batch, place) => (batch.seq = told.next + place));
        this.next = told.next + this.batches.length;
      } else if (answer.status === 410 && told.problem === "finished") {
        this.batches = [];
      } else if ((answer.ok && "through" in told) || (answer.status === 400 && told.problem === "unreadable")) {
        this.batches.shift();
      } else {
        return this.later();
      }
      await this.keep();
    }
    this.failed = 0;
    this.told("saved");
    return this.waiting.length === 0;
  }

  later() {
    this.failed += 1;
    this.told("offline", this.failed);
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** this.failed) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.send(), wait);
    return false;
  }
}
