// What queries name, said by Microsoft's own Kusto language service: their faults, tables, columns, literals.
//
// Standard input: {"tables": {"AppMetrics": "(Name: string, ...)"}, "queries": {"backlog": "AppMetrics | ..."}}.
// Standard output: for each query {"faults": [...], "chains": [{"table": ..., "steps": [...]}]}. A step is an operator of a
// chain of pipes, as long as the rows are still the table's own: {"operator", "columns", "keys" (members of Properties),
// "needed" (comparisons with text that all must hold: a `where`), "named" (other comparisons with text)}.

require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { KustoCode, GlobalState, Symbols } = Kusto.Language;
const RESHAPING = new Set(["SummarizeOperator", "ProjectOperator", "CountOperator"]);

const kind = (node) => Bridge.getTypeName(node).split(".").pop();
const children = (node) => Array.from({ length: node.ChildCount ?? 0 }, (_, at) => node.GetChild(at)).filter(Boolean);
const text = (node) => node.ToString().trim();
const literal = (node) => (kind(node) === "LiteralExpression" && typeof node.LiteralValue === "string" ? [node.LiteralValue] : null);

function globals(tables) {
  const symbols = Object.entries(tables).map(([name, columns]) => Symbols.TableSymbol.From(columns).WithName(name));
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("workspace", symbols));
}

function faults(code) {
  const found = code.GetDiagnostics();
  return Array.from({ length: found.Count }, (_, at) => found.getItem(at)).map(
    (one) => `${one.Severity}: ${one.Message} (at ${one.Start}: ${code.Text.slice(one.Start, one.End)})`,
  );
}

// Walks what stands inside an operator, without the chains of pipes inside it: those are looked at by themselves.
function* inside(node) {
  yield node;
  for (const child of children(node)) if (kind(child) !== "PipeExpression") yield* inside(child);
}

function table(node) {
  const symbol = node.ReferencedSymbol;
  return symbol && kind(symbol) === "TableSymbol" ? symbol.Name : null;
}

// ["Name"] or ["Properties", "stage"], also in tostring(); null for what is no column of a table.
function path(node) {
  switch (kind(node)) {
    case "NameReference":
      return node.ReferencedSymbol && kind(node.ReferencedSymbol) === "ColumnSymbol" ? [node.SimpleName] : null;
    case "PathExpression": {
      const base = path(node.Expression);
      return base && [...base, text(node.Selector)];
    }
    case "ElementExpression": {
      const base = path(node.Expression);
      const key = children(node.Selector).map(literal).find(Boolean);
      return base && key && [...base, ...key];
    }
    case "FunctionCallExpression": {
      const given = node.ArgumentList.Expressions;
      return text(node.Name) === "tostring" && given.Count === 1 ? path(given.getItem(0).Element$1 ?? given.getItem(0).Element) : null;
    }
    default:
      return null;
  }
}

function comparison(node) {
  const [left, operator, right] = children(node);
  if (kind(node) === "BinaryExpression") {
    const [where, values] = [path(left), literal(right)];
    return where && values ? { path: where, operator: text(operator), values } : null;
  }
  if (kind(node) === "InExpression") {
    const values = [...inside(right)].map(literal).filter(Boolean).flat();
    return path(left) && values.length ? { path: path(left), operator: text(operator), values } : null;
  }
  return null;
}

function conjuncts(node) {
  if (kind(node) === "ParenthesizedExpression") return conjuncts(children(node)[1]);
  if (kind(node) === "BinaryExpression" && text(node.Operator) === "and") return [...conjuncts(node.Left), ...conjuncts(node.Right)];
  return [node];
}

function step(operator) {
  const nodes = [...inside(operator)];
  const needed = kind(operator) === "FilterOperator" ? conjuncts(operator.Condition).map(comparison).filter(Boolean) : [];
  const all = nodes.map(comparison).filter(Boolean);
  const paths = nodes.map(path).filter(Boolean);
  return {
    operator: kind(operator),
    columns: [...new Set(paths.map(([column]) => column))],
    keys: [...new Set(paths.filter((one) => one.length > 1 && one[0] === "Properties").map((one) => one[1]))],
    needed,
    named: all.filter((one) => !needed.some((known) => JSON.stringify(known) === JSON.stringify(one))),
  };
}

function chains(root) {
  const found = [];
  const visit = (node, isLeft) => {
    if (kind(node) === "PipeExpression" && !isLeft) {
      const operators = [];
      let source = node;
      for (; kind(source) === "PipeExpression"; source = source.Expression) operators.unshift(source.Operator);
      const name = table(source);
      const end = operators.findIndex((one) => RESHAPING.has(kind(one)));
      if (name) found.push({ table: name, steps: operators.slice(0, end < 0 ? undefined : end + 1).map(step) });
    }
    for (const child of children(node)) visit(child, kind(node) === "PipeExpression" && child === node.Expression);
  };
  visit(root, false);
  return found;
}

const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const known = globals(asked.tables);
const answer = Object.fromEntries(
  Object.entries(asked.queries).map(([name, query]) => {
    const code = KustoCode.ParseAndAnalyze(query, known);
    return [name, { faults: faults(code), chains: chains(code.Syntax) }];
  }),
);
process.stdout.write(JSON.stringify(answer));
