// What was found. Journeys go on after a failed check, so that one run tells everything.

export class Report {
  constructor() {
    this.failures = [];
    this.figures = {};
    this.states = new Map();
    this.assertions = 0;
  }

  /** Notes a failure unless `truth` holds. */
  check(truth, where, sentence) {
    this.assertions += 1;
    if (!truth) this.failures.push({ where, sentence });
    return Boolean(truth);
  }

  equal(found, wanted, where, what) {
    const same = JSON.stringify(found) === JSON.stringify(wanted);
    return this.check(same, where, `${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
  }

  state(lane, name) {
    const names = this.states.get(lane) ?? new Set();
    this.check(!names.has(name), lane, `the state ${name} was looked at twice: give it another name`);
    this.states.set(lane, names.add(name));
  }

  figure(name, value) {
    this.figures[name] = value;
  }

  print(seconds) {
    const line = (text = "") => process.stdout.write(`${text}\n`);
    for (const [lane, names] of this.states) line(`${lane}: ${names.size} pages and states`);
    for (const [name, value] of Object.entries(this.figures)) line(`${name}: ${value}`);
    const byWhere = new Map();
    for (const { where, sentence } of this.failures) byWhere.set(where, [...(byWhere.get(where) ?? []), sentence]);
    for (const [where, sentences] of byWhere) {
      line();
      line(`FAILED ${where}`);
      [...new Set(sentences)].forEach((sentence) => line(`  - ${sentence}`));
    }
    line();
    line(`${this.assertions} checks, ${this.failures.length} failed, ${seconds.toFixed(0)} s`);
  }
}
