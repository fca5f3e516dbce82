// Where a version comes from: what wrote it, with which weights and seed, from what; and the way to write it again.
import { useSignal } from "@preact/signals";
import { Icon } from "../icons";
import { actSaved } from "../saved";
import { failed } from "../server";
import type { Cell, Version } from "../types";
import { provenance } from "./format";

interface Props {
  cell: Cell;
  version: Version;
  versions: Version[];
}

export function Details({ cell, version, versions }: Props) {
  const fault = useSignal("");
  const again = async (): Promise<void> => {
    const answer = await actSaved("repeat", { version: version.id });
    fault.value = failed(answer) ? answer.fault.message : "";
  };
  return (
    <section class="details" aria-label={`Provenance of cell ${cell.number}, version ${version.number}`}>
      <dl>
        {facts(version, versions).map(([name, value]) => (
          <div><dt>{name}</dt><dd>{value}</dd></div>
        ))}
      </dl>
      {version.repeatable && (
        <p>
          <button type="button" class="btn" onClick={() => void again()}><Icon name="again" />Write it again</button>
          <span class="sub">same prompt, same seed: the same text, as a branch</span>
        </p>
      )}
      {fault.value && <p class="bad" role="alert">{fault.value}</p>}
    </section>
  ); // prettier-ignore
}

function facts(version: Version, versions: Version[]): [string, string][] {
  const { sampling } = version;
  const settings = Object.entries(sampling).filter(([name]) => name !== "seed");
  const twin = versions.find((other) => other.sha256 === version.sha256 && other.number < version.number);
  const all: [string, string][] = [
    ["Origin", provenance(version)],
    ["Made from", lineage(version, versions)],
    ["Edited by hand", byHand(version, versions)],
    ["Model", version.model],
    ["Weights", version.model && (version.weights ? `sha256 ${version.weights}` : "digest not known")],
    ["Quantisation", version.quantisation],
    ["Sampling", settings.map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ")],
    ["Seed", sampling["seed"] == null ? "" : String(sampling["seed"])],
    ["Text", `sha256 ${version.sha256}${twin ? `, the same as v${twin.number}` : ""}`],
  ];
  return all.filter(([, value]) => value);
}

/** The versions it was made from, the nearest first. */
function parents(version: Version, versions: Version[]): Version[] {
  const parent = versions.find((other) => other.number === version.parent && other.number < version.number);
  return parent ? [parent, ...parents(parent, versions)] : [];
}

const lineage = (version: Version, versions: Version[]): string =>
  parents(version, versions).map((its) => `v${its.number} (${provenance(its).split(",")[0]})`).join(", from "); // prettier-ignore

function byHand(version: Version, versions: Version[]): string {
  const edited = [version, ...parents(version, versions)].filter((its) => its.origin === "hand");
  return edited.length ? edited.map((its) => `v${its.number}`).join(", ") : "no";
}
