#!/usr/bin/env python3
"""Writes what the program is made of as a CycloneDX 1.5 document, from `cargo metadata` and the lock file.

  python3 .ci/sbom.py target/deskhand.cdx.json

Only what the program is built of is in it, for all platforms: normal and build dependencies with default features, no
tests. Nothing is fetched; the
serial number follows from the lock file, so that the same sources give the same document.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
import uuid

ROOT = "deskhand"


def checksums() -> dict[tuple[str, str], str]:
    with open("Cargo.lock", "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return {(p["name"], p["version"]): p["checksum"] for p in packages if "checksum" in p}


def purl(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: dict, sums: dict, kind: str) -> dict:
    told = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package.get("license"):
        # Old crates separate alternatives by a slash.
        told["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package.get("repository"):
        told["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        told["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return told


def main(to: str) -> None:
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in told["packages"]}
    nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
    root = next(id for id, package in packages.items() if package["name"] == ROOT and package["source"] is None)

    def needed(id: str) -> list[str]:
        kinds = lambda dependency: {kind["kind"] for kind in dependency["dep_kinds"]}
        return [d["pkg"] for d in nodes[id]["deps"] if kinds(d) & {None, "build"}]

    reached, open_ends = {root}, [root]
    while open_ends:
        for id in needed(open_ends.pop()):
            if id not in reached:
                reached.add(id)
                open_ends.append(id)

    sums = checksums()
    with open("Cargo.lock", "rb") as lock:
        digest = hashlib.sha256(lock.read()).digest()
    parts = sorted((packages[id] for id in reached - {root}), key=lambda p: (p["name"], p["version"]))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}",
        "version": 1,
        "metadata": {"component": component(packages[root], sums, "application")},
        "components": [component(package, sums, "library") for package in parts],
        "dependencies": sorted(
            (
                {"ref": purl(packages[id]), "dependsOn": sorted({purl(packages[d]) for d in needed(id)})}
                for id in reached
            ),
            key=lambda entry: entry["ref"],
        ),
    }
    with open(to, "w") as out:
        json.dump(document, out, indent=1)
        out.write("\n")
    print(f"{len(parts)} packages are in {to}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "target/deskhand.cdx.json")
