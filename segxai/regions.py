"""`Regions`: a photograph divided into named parts, as segmenters make them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .errors import SegxaiValueError, unknown_name, whole_number
from .masks import fit, read_ids, read_mask, refuse_soft_borders
from .names import NamesLike, distinct_names, plain_text, read_names


class Evidence(NamedTuple):
    """Where a region's name comes from, and how certain it is.

    Attributes
    ----------
    source : str
        "given" by the user or an annotation; "semantic", a network for semantic segmentation;
        "classifier", an ImageNet classifier; or "place", where it lies, if nothing else names it.
    probability : float or None
        The share of such names that are right, where that was measured.
    """

    source: str
    probability: float | None = None

    @property
    def sure(self) -> bool:
        """Whether the name is shown without a question mark."""
        return self.probability is None or self.probability >= SURE


GIVEN = Evidence("given")
PLACE = Evidence("place")
MAX_REGIONS = 10_000  # more, e.g. each pixel of a photograph, are no explanation for anybody
SURE = 0.9  # names that are at least so probable are right in 95 of 100 (benchmarks/nouns.py)


@dataclass(frozen=True)
class Part:
    """A node in a tree of regions: its name, the pixels that it covers and its parts.

    Attributes
    ----------
    name : str
        What it is called among other regions, e.g. "cat: top left" or "cup 2".
    atoms : tuple of int
        The values that it covers in the finest label map.
    children : tuple of Part
        Smaller parts that together cover the same atoms; empty if no finer division is known.
    cost : float
        Of joining the children, in the segmenter's own measure and at least as high as theirs, so
        that `Regions.cut` undoes the costliest joins first; 0 without children.
    evidence : Evidence
        For the name.
    noun : str
        What it is, e.g. "cat" or "cup"; empty where only its place is known. By default the name.
    """

    name: str
    atoms: tuple[int, ...]
    children: tuple["Part", ...] = ()
    cost: float = 0.0
    evidence: Evidence = GIVEN
    noun: str | None = None

    def __post_init__(self):
        if self.noun is None:
            object.__setattr__(self, "noun", "" if self.evidence == PLACE else self.name)

    @property
    def written(self) -> str:
        """The name as people read it: a guess has a question mark, "helmet ?"."""
        return self.name if self.evidence.sure else f"{self.name} ?"


@dataclass(frozen=True, eq=False, repr=False)
class Regions:
    """An immutable label map with a name for each region.

    It is created by `segment`, `from_labels` or `from_masks`.

    Attributes
    ----------
    atoms : (H, W) array of int32
        The finest known label map, values 0..A-1, each present; read-only.
    parts : tuple of Part
        The K regions, which cover each of its values exactly once, with the parts that they are
        made of.
    method : str
        The name of the segmenter that made these regions.
    tree : Part or None
        The root of the tree that the regions are nodes of: it covers the whole photograph. Nodes
        are identified by their atoms, because names may repeat here. None if the segmenter makes no
        tree, and after `merge`.
    labels : (H, W) array of int32
        The region of each pixel, values 0..K-1, each present; read-only.

    Examples
    --------
    >>> regions = Regions.from_labels([[0, 0, 7], [0, 2, 7]], ["sky", "dog", "tree"])
    >>> regions
    <3 Regions, 2 x 3: sky; dog; tree>
    >>> regions.merge({"things": ["dog", "tree"]}).names
    ('sky', 'things')
    """

    atoms: np.ndarray
    parts: Sequence[Part]
    method: str = ""
    tree: Part | None = None
    labels: np.ndarray = field(init=False)

    def __post_init__(self):
        covered = [atom for part in self.parts for atom in part.atoms]
        counts = np.bincount(self.atoms.ravel())
        if sorted(covered) != list(range(len(counts))) or not counts.all():
            raise SegxaiValueError(
                "The parts must cover every value of the label map exactly once."
            )
        # A noun that no other part has is shorter than the name, which tells the place as well.
        nouns = Counter(part.noun for part in self.parts)
        names = distinct_names(
            [
                plain_text(part.noun if part.noun and nouns[part.noun] == 1 else part.name)
                for part in self.parts
            ]
        )
        labels, atoms = labels_of(self.parts, self.atoms), np.array(self.atoms, np.int32)
        for array in (labels, atoms):
            array.setflags(write=False)
        for attribute, value in {
            "labels": labels,
            "atoms": atoms,
            "method": plain_text(str(self.method)),
            "parts": tuple(
                part if part.name == name else replace(part, name=name)
                for part, name in zip(self.parts, names, strict=True)
            ),
        }.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_labels(
        cls, labels: Any, names: NamesLike | None = None, method: str = ""
    ) -> "Regions":
        """Make regions from a label map.

        Parameters
        ----------
        labels : (H, W) array of int or bool
            Values may be negative, have gaps or start at 1.
        names : sequence or mapping of str, optional
            One for each distinct value, in increasing order of the values, or {value: name} or
            {name: value}; by default "region 0", "region 1" ...
        method : str
            The name of the segmenter.

        Returns
        -------
        regions : Regions

        Raises
        ------
        SegxaiValueError
            For any other shape, type or number of names, and for a mask with soft borders.
        """
        labels = read_ids(labels, "The label map")
        values, atoms, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if len(values) > MAX_REGIONS:
            raise SegxaiValueError(
                f"The label map has {len(values):,} regions; at most {MAX_REGIONS:,} are possible. "
                "Is it a photograph or a map of distances? Merge regions first."
            )
        if names is None or isinstance(names, Mapping):  # a list names all values
            refuse_soft_borders(values, counts, "The label map")
        if names is None:
            found = {value: f"region {i}" for i, value in enumerate(values.tolist())}
        else:
            found = read_names(names, "The names of regions", values.tolist())
        parts = [
            Part(_checked_name(found.get(int(v), f"region {v}")), (i,))
            for i, v in enumerate(values)
        ]
        return cls(atoms, parts, method)

    @classmethod
    def from_masks(cls, masks: Mapping[str, Any], *, threshold: float | None = None) -> "Regions":
        """Make regions from masks.

        Parameters
        ----------
        masks : mapping of str to (H, W) array
            False or 0 outside, True, 1 or 255 inside. Where masks overlap, the smaller one wins;
            uncovered pixels become "rest".
        threshold : float, optional
            For masks of other values, such as probabilities: larger ones are inside.

        Returns
        -------
        regions : Regions

        Raises
        ------
        SegxaiValueError
            For no masks, masks of different shapes or with other values, and masks of which no
            pixel is left.
        """
        if not isinstance(masks, Mapping) or not masks:
            raise SegxaiValueError(
                "Masks must be a mapping {name: (height, width) mask} with at least one entry."
            )
        arrays = {
            name: read_mask(mask, f"The mask {name!r}", threshold) for name, mask in masks.items()
        }
        shapes = {array.shape for array in arrays.values()}
        if len(shapes) != 1:
            raise SegxaiValueError(
                f"All masks must have the same shape (height, width); got {sorted(shapes)}."
            )
        labels = np.full(next(iter(shapes)), len(arrays), np.int32)
        for index, mask in sorted(enumerate(arrays.values()), key=lambda each: -each[1].sum()):
            labels[mask] = index
        names = dict(enumerate(arrays)) | {
            len(arrays): "rest" if "rest" not in arrays else "rest of the image"
        }
        hidden = [name for index, name in enumerate(arrays) if not (labels == index).any()]
        if hidden:
            raise SegxaiValueError(
                f"No pixels are left for {', '.join(map(repr, hidden))}: "
                "the mask is empty, or smaller masks cover it."
            )
        return cls.from_labels(labels, names)

    @property
    def names(self) -> tuple[str, ...]:
        """(K,) distinct names."""
        return tuple(part.name for part in self.parts)

    @property
    def name_evidence(self) -> tuple[Evidence, ...]:
        """(K,) where each name comes from and how certain it is."""
        return tuple(part.evidence for part in self.parts)

    @property
    def marked_names(self) -> tuple[str, ...]:
        """(K,) the names as people read them, see `Part.written`; `index` knows them, too."""
        return tuple(part.written for part in self.parts)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.labels.shape

    @property
    def areas(self) -> np.ndarray:
        """(K,) each region's share of the image; the shares sum to 1."""
        return np.bincount(self.labels.ravel(), minlength=len(self)) / self.labels.size

    def __len__(self):
        return len(self.parts)

    def __repr__(self):
        made = f" by {self.method}" if self.method else ""
        height, width = self.shape
        return f"<{len(self)} Regions{made}, {height} x {width}: {'; '.join(self.marked_names)}>"

    def __eq__(self, other):
        return (
            isinstance(other, Regions)
            and self.marked_names == other.marked_names
            and np.array_equal(self.labels, other.labels)
        )

    def __hash__(self):
        return hash((self.names, self.labels.tobytes()))

    def __reduce__(self):  # so that copies are read-only, too
        return Regions, (self.atoms, self.parts, self.method, self.tree)

    def index(self, name: str | int) -> int:
        """Return the index of a region.

        Parameters
        ----------
        name : str or int
            Its name, with or without the question mark of a guess, or its index.

        Returns
        -------
        index : int

        Raises
        ------
        SegxaiValueError
            If there is no such region.
        """
        if (
            isinstance(name, (int, np.integer))
            and not isinstance(name, bool)
            and 0 <= name < len(self)
        ):
            return int(name)
        for names in (self.names, self.marked_names):
            if name in names:
                return names.index(name)
        raise unknown_name("region", name, self.names)

    def mask(self, name: str | int) -> np.ndarray:
        """Return a region's mask.

        Parameters
        ----------
        name : str or int
            Its name or its index.

        Returns
        -------
        mask : (H, W) array of bool
            True on the region's pixels.
        """
        return self.labels == self.index(name)

    def rename(self, names: Mapping[str, str] | Mapping[int, str]) -> "Regions":
        """Give regions other names.

        Parameters
        ----------
        names : mapping of str or int to str
            {old: new} or {index: new}. A guess whose new name has its question mark stays a guess.

        Returns
        -------
        regions : Regions

        Raises
        ------
        SegxaiValueError
            For unknown old names, and for new ones that are not distinct.
        """
        new_names = {
            self.parts[self.index(old)].atoms: _checked_name(new)
            for old, new in _mapping(names, "old", "new").items()
            if new != self.parts[self.index(old)].written
        }

        def change(node: Part) -> Part:
            name = new_names.get(node.atoms)
            return replace(node, name=name, noun=name, evidence=GIVEN) if name else node

        return self._distinct(
            [change(part) for part in self.parts], self.tree and rebuilt(self.tree, change)
        )

    def merge(self, groups: Mapping[str, Sequence[str]]) -> "Regions":
        """Join regions under a new name; `expand` divides them again.

        Parameters
        ----------
        groups : mapping of str to sequence of str
            E.g. {"astronaut": ["face", "suit"]}.

        Returns
        -------
        regions : Regions

        Raises
        ------
        SegxaiValueError
            For unknown regions, and for a region in two groups.
        """
        group_of: dict[int, str] = {}
        for name, members in _mapping(groups, "name", "[regions]").items():
            if not isinstance(members, (str, list, tuple, set, frozenset)):
                raise SegxaiValueError(
                    f"The group {name!r} must be a list of region names; got {members!r}."
                )
            listed = [members] if isinstance(members, str) else members
            if not listed:
                raise SegxaiValueError(f"The group {name!r} is empty; list at least one region.")
            for index in sorted(map(self.index, listed)):
                if group_of.setdefault(index, name) != name:
                    raise SegxaiValueError(
                        f"{self.names[index]!r} is in two groups, {group_of[index]!r} and {name!r}."
                    )
        # A region in no group is one of its own, called after its index.
        alike = grouped(self.parts, (group_of.get(k, k) for k in range(len(self))))
        return self._distinct(
            [
                united(parts, _checked_name(name)) if name in groups else parts[0]
                for name, parts in alike.items()
            ]
        )

    def _distinct(self, parts, tree=None) -> "Regions":
        """Return regions with these parts, whose names people gave."""
        repeated = [name for name, n in Counter(part.name for part in parts).items() if n > 1]
        if repeated:
            raise SegxaiValueError(
                f"Two regions would be called {repeated[0]!r}; names must be distinct."
            )
        return Regions(self.atoms, parts, self.method, tree)

    def by_noun(self) -> "Regions":
        """Merge regions with the same noun: one region for each noun.

        Returns
        -------
        regions : Regions
            "sky: left" and "sky: right", or "cup 1" and "cup 2", are merged into "sky" and "cup";
            `expand` divides them again. Regions that have no noun stay as they are.

        Examples
        --------
        >>> labels = [[0, 1], [2, 3]]
        >>> Regions.from_labels(labels, ["sky", "dog", "tree", "dog 2"]).by_noun().names
        ('sky', 'dog', 'tree', 'dog 2')
        """
        alike = grouped(self.parts, (part.noun or f"\0{part.name}" for part in self.parts))
        # A noun is as sure as the least sure of its regions.
        parts = [
            united(parts, str(parts[0].noun), evidence=least_sure(parts))
            if len(parts) > 1
            else replace(parts[0], name=parts[0].noun or parts[0].name)
            for parts in alike.values()
        ]
        return Regions(self.atoms, parts, self.method)

    def expand(self, name: str | int) -> "Regions":
        """Replace one region by its parts, at the same position.

        Parameters
        ----------
        name : str or int
            Its name or its index.

        Returns
        -------
        regions : Regions

        Raises
        ------
        SegxaiValueError
            If it has no known parts.
        """
        index = self.index(name)
        part = self.parts[index]
        if not part.children:
            able = "; ".join(self.expandable())
            hint = f"Regions with parts: {able}." if able else "No region here has parts."
            raise SegxaiValueError(f"{part.name!r} has no known parts. {hint}")
        return replace(self, parts=[*self.parts[:index], *part.children, *self.parts[index + 1 :]])

    def cut(self, n_regions: int) -> "Regions":
        """Cut the tree into its coarsest regions.

        Parameters
        ----------
        n_regions : int
            The costliest joins are undone first, so cuts nest; a tree with fewer leaves gives all
            of them.

        Returns
        -------
        regions : Regions

        Raises
        ------
        SegxaiValueError
            If no tree is known.
        """
        if self.tree is None:
            raise SegxaiValueError(
                "These regions are not nodes of a tree; "
                "`segment` with 'deep' or 'contours' gives some that are."
            )
        return replace(self, parts=coarsest(self.tree, whole_number("n_regions", n_regions, 1)))

    def fitted(self, shape: tuple[int, ...], what: str = "The label map") -> "Regions":
        """Reduce regions as their photograph was reduced on reading.

        Parameters
        ----------
        shape : tuple of int
            (H, W) of the photograph as it was read.
        what : str
            Begins the message of the error.

        Returns
        -------
        regions : Regions
            Those of which a pixel is left.

        Raises
        ------
        SegxaiValueError
            If the regions have another size than the photograph has, or had.
        """
        atoms = fit(self.atoms, shape, what)
        if atoms is self.atoms:
            return self
        left, atoms = np.unique(atoms, return_inverse=True)
        places = {int(old): new for new, old in enumerate(left)}
        parts = [part for part in (moved(p, places) for p in self.parts) if part.atoms]
        return Regions(atoms, parts, self.method, self.tree and moved(self.tree, places))

    def expandable(self) -> tuple[str, ...]:
        """Return the names of the regions that have parts, as people read them."""
        return tuple(part.written for part in self.parts if part.children)


def labels_of(parts: Sequence[Part], atoms: np.ndarray) -> np.ndarray:
    """Map each pixel to the part that it belongs to.

    Parameters
    ----------
    parts : sequence of Part
        K parts that do not overlap.
    atoms : (h, w) array of int
        The finest label map.

    Returns
    -------
    labels : (h, w) array of int
        Values 0..K-1, and -1 outside all parts.
    """
    of_atom = np.full(int(atoms.max()) + 1, -1, np.int32)
    for k, part in enumerate(parts):
        of_atom[list(part.atoms)] = k
    return of_atom[atoms]


def coarsest(tree: Part, n_regions: int) -> list[Part]:
    """Cut a tree: the costliest joins are undone first.

    Parameters
    ----------
    tree : Part
        The root.
    n_regions : int
        How many nodes the cut has.

    Returns
    -------
    parts : list of Part
        Nodes that cover the tree; all leaves where there are fewer than `n_regions`.
    """
    parts = [tree]
    while len(parts) < n_regions and any(part.children for part in parts):
        index = costliest(parts)
        parts[index : index + 1] = parts[index].children
    return parts


def costliest(parts: Sequence[Part]) -> int:
    """Return the index of the part that is divided next, see `coarsest`."""
    return max(
        range(len(parts)),
        key=lambda i: (bool(parts[i].children), parts[i].cost),
    )


def walk(part: Part) -> Iterator[Part]:
    """Yield a node and all below it."""
    yield part
    for child in part.children:
        yield from walk(child)


def called(part: Part, like: Part) -> Part:
    """Return a part with the name of another one that covers the same, and its evidence."""
    return replace(part, name=like.name, noun=like.noun, evidence=like.evidence)


def rebuilt(part: Part, change: Callable[[Part], Part]) -> Part:
    """Change every node of a tree, from the leaves to the root.

    Parameters
    ----------
    part : Part
        The root.
    change : callable
        From a node with changed children to what replaces it.

    Returns
    -------
    part : Part
    """
    return change(replace(part, children=tuple(rebuilt(child, change) for child in part.children)))


def moved(part: Part, places: Mapping[int, int]) -> Part:
    """Give a tree other atoms, and remove the nodes that have none.

    Parameters
    ----------
    part : Part
        The root.
    places : mapping of int to int
        The new value of each atom that is left.

    Returns
    -------
    part : Part
        Without atoms if none is left.
    """

    def change(node: Part) -> Part:
        atoms = tuple(places[atom] for atom in node.atoms if atom in places)
        left = tuple(child for child in node.children if child.atoms)
        if len(left) == 1:  # it covers the same
            return called(left[0], node)
        return replace(node, atoms=atoms, children=left)

    return rebuilt(part, change)


def grouped(parts: Iterable[Part], keys: Iterable) -> dict[Any, list[Part]]:
    """Group parts by one key for each, in the order of the groups' first parts."""
    groups: dict[Any, list[Part]] = {}
    for part, key in zip(parts, keys, strict=True):
        groups.setdefault(key, []).append(part)
    return groups


def least_sure(parts: Iterable[Part]) -> Evidence:
    """Return the evidence for a name that covers several parts: places name no thing."""
    return min(
        (part.evidence for part in parts),
        key=lambda e: (e.source != "place", 1.0 if e.probability is None else e.probability),
    )


def united(
    parts: Sequence[Part], name: str = "", cost: float = 0.0, evidence: Evidence = GIVEN
) -> Part:
    """Make one part of several.

    Parameters
    ----------
    parts : sequence of Part
        Its children.
    name, cost, evidence
        As `Part` has them.

    Returns
    -------
    part : Part
    """
    covered = tuple(atom for part in parts for atom in part.atoms)
    return Part(name, covered, tuple(parts), cost, evidence)


def _checked_name(name) -> str:
    if not isinstance(name, str) or not plain_text(name):
        raise SegxaiValueError(f"A region's name must be a non-empty string; got {name!r}.")
    return plain_text(name)


def _mapping(value, key, item):
    if not isinstance(value, Mapping):
        raise SegxaiValueError(f"Expected a mapping {{{key}: {item}}}; got {type(value).__name__}.")
    return value
