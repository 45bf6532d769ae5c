"""Finding groups of one scene: which planted copies are found, what it costs, and the usual ways beside it.

Run it as ``python benchmarks/groups.py``, with photographs of your own as ``--root DIR --json train.json val.json``.
The first table alters 100 photographs on purpose and asks for each kind how many copies are found, beside a 64-bit
perceptual hash with the customary limit of 10 bits; then it tries 1,000 random pairs. The second table takes the time
of a whole set (512 px, 2 % of them altered copies): CPU seconds of the process, and its peak memory. The usual ways,
matching all pairs by ORB and looping over hashes in Python, are measured on a sample and multiplied.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from trashseg.data.groups import find_groups
from trashseg.data.groups.agreement import View, compare
from trashseg.data.groups.candidates import Candidate
from trashseg.data.groups.fingerprint import fingerprints
from trashseg.data.groups.verdict import Limits, judge

Image = npt.NDArray[np.uint8]
SIZE, NUM_PLANTED, NUM_RANDOM, FAR, HASH_BITS = 512, 100, 1000, 30, 10


def generate(rng: np.random.Generator) -> Image:
    """Return a ground of coloured noise in several scales with some objects on it."""
    ground = np.zeros((SIZE, SIZE), np.int16)
    for side in (4, 16, 64, 192):
        noise = rng.normal(0, rng.uniform(5, 30), (side, side)).astype(np.int16)
        ground += cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    image = cv2.merge([cv2.convertScaleAbs(ground + shade) for shade in rng.integers(90, 180, 3, np.int16)])
    for _ in range(rng.integers(2, 12)):
        corners = rng.uniform(0, SIZE, 2) + rng.normal(0, rng.uniform(10, 80), (rng.integers(3, 8), 2))
        cv2.fillPoly(image, [corners.astype(np.int32)], rng.uniform(0, 255, 3).tolist())
    return image


def encode(image: Image, quality: int) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def crop(image: Image) -> Image:
    height, width = image.shape[:2]
    return image[: height - height // 20, width // 20 :]


def resize(image: Image) -> Image:
    factor = 400 / max(image.shape[:2])
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


CHANGES: dict[str, Callable[[Image], Image]] = {
    "JPEG quality 60": lambda image: cv2.imdecode(np.frombuffer(encode(image, 60), np.uint8), cv2.IMREAD_COLOR),
    "cropped 5 % at two sides": crop,
    "mirrored": lambda image: image[:, ::-1],
    "turned by 90 degrees": lambda image: np.rot90(image),
    "brightness +30 %": lambda image: cv2.convertScaleAbs(image, alpha=1.3),
    "resized to 400 px": resize,
}


def all_changes(image: Image) -> Image:
    for change in reversed(CHANGES.values()):
        image = np.ascontiguousarray(change(image))
    return image


def load(root: Path | None, files: Sequence[str], count: int) -> tuple[list[Image], list[str]]:
    """Return ``count`` photographs: of the set at ``root`` in the order of their names, or generated ones."""
    if root is None:
        rng = np.random.default_rng(0)
        return [generate(rng) for _ in range(count)], [f"{i:05d}" for i in range(count)]
    names = sorted({image["file_name"] for file in files for image in json.loads((root / file).read_text())["images"]})
    names = names[:: max(1, len(names) // count)][:count]
    return [cv2.imread(str(root / name)) for name in names], names


def write(folder: Path, images: Iterable[Image]) -> list[Path]:
    folder.mkdir(parents=True)
    paths = []
    for image in images:
        paths.append(folder / f"{len(paths):05d}.jpg")
        paths[-1].write_bytes(encode(np.ascontiguousarray(image), 95))
    return paths


def usual_hash(path: Path) -> int:
    """Return the hash that most tools compute: grey, 32 x 32, the signs of the low coefficients about their median."""
    grey = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8]
    return int("".join("1" if bit else "0" for bit in (low > np.median(low)).ravel()), 2)


def planted(folder: Path, images: Sequence[Image]) -> None:
    originals = write(folder / "original", images)
    hashes = [usual_hash(path) for path in originals]
    print(f"{'altered copies of ' + str(len(images)):34} {'found':>7} {'hash':>7} {'false':>7}")
    for kind, change in {**CHANGES, "all of these": all_changes}.items():
        copies = write(folder / kind.replace(" ", "_"), [change(image) for image in images])
        paths = originals + copies
        groups = find_groups(paths, [f"{i}/x" for i in range(len(paths))], cache_dir=folder / "cache")
        labels = groups.labels.reshape(2, -1)
        false = sum((pair.second - pair.first) % len(images) != 0 for pair in groups.pairs)
        near = [(a ^ usual_hash(copy)).bit_count() <= HASH_BITS for a, copy in zip(hashes, copies, strict=True)]
        print(f"{kind:34} {np.mean(labels[0] == labels[1]):7.0%} {np.mean(near):7.0%} {false:7}")


def random_pairs(folder: Path, images: Sequence[Image]) -> None:
    """Try pairs of photographs at least FAR names apart, upright and mirrored, by the strict and the mild rule."""
    prints = fingerprints(write(folder / "random", images), folder / "cache")
    rng = np.random.default_rng(0)
    pairs = [(i, j) for i, j in rng.integers(0, len(images), (20 * NUM_RANDOM, 2)).tolist() if j - i > FAR]
    strict = mild = most = 0
    for i, j in pairs[:NUM_RANDOM]:
        for mirrored in (False, True):
            found = compare(View.of(prints[i]), View.of(prints[j], mirrored=mirrored))
            candidate, limits = Candidate(i, j, mirrored), Limits(12, 0.15)
            strict += judge(candidate, found, False, limits) is not None
            mild += judge(candidate, found, True, limits) is not None
            most = max(most, found.points)
    print(
        f"{len(pairs[:NUM_RANDOM])} random pairs: joined {strict}, as neighbours by name {mild}; at most {most} points"
    )


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def orb_points(path: Path) -> Image:
    return cv2.ORB_create(400).detectAndCompute(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), None)[1]


def orb_all_pairs(paths: Sequence[Path]) -> float:
    """Return the CPU seconds of describing by ORB and matching all pairs, from a sample."""
    sample, matcher = paths[:40], cv2.BFMatcher(cv2.NORM_HAMMING)
    described: list[Image] = []
    one = cpu_seconds(lambda: described.extend(map(orb_points, sample))) / len(sample)
    pairs = list(pairwise(described))
    match = cpu_seconds(lambda: [matcher.knnMatch(a, b, 2) for a, b in pairs]) / len(pairs)
    return one * len(paths) + match * len(paths) * (len(paths) - 1) / 2


def hash_loop(paths: Sequence[Path]) -> float:
    """Return the CPU seconds of hashing and comparing all pairs in Python, one orientation, from a sample."""
    sample = paths[:200]
    hashes: list[int] = []
    one = cpu_seconds(lambda: hashes.extend(map(usual_hash, sample))) / len(sample)
    loop = cpu_seconds(lambda: [(a ^ b).bit_count() <= HASH_BITS for a in hashes for b in hashes]) / len(sample) ** 2
    return one * len(paths) + loop * len(paths) * (len(paths) - 1) / 2


def whole_set(folder: Path, count: int) -> None:
    rng, num_copies = np.random.default_rng(1), count // 50
    paths = write(folder / "set", (generate(rng) for _ in range(count - num_copies)))
    paths += write(folder / "copies", (all_changes(cv2.imread(str(path))) for path in paths[:num_copies]))
    names = [f"{path.parent.name}/{path.name}" for path in paths]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    first = cpu_seconds(lambda: find_groups(paths, names, cache_dir=folder / "cache"))
    wall = time.perf_counter() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    again = cpu_seconds(lambda: find_groups(paths, names, cache_dir=folder / "cache"))
    orb, loop = orb_all_pairs(paths), hash_loop(paths)
    print(f"\n{str(count) + ' photographs, 512 px':46} {'CPU s':>9} {'ratio':>7}")
    for name, seconds in (
        (f"find_groups ({wall:.0f} s of wall, {memory:.0f} MB more)", first),
        ("find_groups again, from its cache", again),
        ("ORB, all pairs (extrapolated)", orb),
        ("hash, all pairs in Python (extrapolated)", loop),
    ):
        print(f"{name:46} {seconds:9.1f} {seconds / first:7.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="folder of a data set; default: generated pictures")
    parser.add_argument("--json", nargs="+", default=["train.json"], help="its COCO files")
    parser.add_argument("--count", type=int, default=3272, help="photographs of the whole set; 0: leave it out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.count:
            # First, since the peak of memory only rises.
            whole_set(Path(name), options.count)
        images, _ = load(options.root, options.json, NUM_PLANTED)
        planted(Path(name), images)
        random_pairs(Path(name), load(options.root, options.json, 429)[0])


if __name__ == "__main__":
    main()
