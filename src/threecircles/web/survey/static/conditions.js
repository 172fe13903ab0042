// Whether a question is asked. The same tree and the same rules as survey/conditions.py; a test holds
// both to the same answers.
const NUMBER = /^-?\d+(\.\d+)?$/;
const number = (x) => (NUMBER.test(String(x)) ? Number(x) : null);
const isAnswer = (x) => !(x === null || x === undefined || x === "" || (Array.isArray(x) && x.length === 0));

const same = (one, other) => {
  const a = number(one);
  const b = number(other);
  return a !== null && b !== null ? a === b : String(one) === String(other);
};

const compare = (sign, one, other) => {
  if (sign === "==" || sign === "!=") return same(one, other) === (sign === "==");
  const a = number(one);
  const b = number(other);
  if (a === null || b === null) return false;
  return { "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b }[sign];
};

export const holds = (tree, answers) => {
  if (!tree) return true;
  const [word, ...parts] = tree;
  if (word === "and") return parts.every((part) => holds(part, answers));
  if (word === "or") return parts.some((part) => holds(part, answers));
  if (word === "not") return !holds(parts[0], answers);
  const given = answers[parts[0]];
  if (word === "answered" || !isAnswer(given)) return word === "answered" && isAnswer(given);
  const chosen = Array.isArray(given) ? given : [given];
  if (word === "in" || word === "selected") {
    const wanted = word === "in" ? parts[1] : [parts[1]];
    return chosen.some((c) => wanted.some((w) => same(c, w)));
  }
  return compare(word, chosen[0], parts[1]);
};
