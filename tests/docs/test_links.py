"""Every link leads somewhere, and every page is found."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, links, page_id


def leads_outside(link: str) -> bool:
    """Tell whether a link is that of another site."""
    return link.startswith(("https://", "http://"))


def target(page: Path, link: str) -> tuple[Path, str]:
    """Return the file to which a link of a page leads, and the anchor in it."""
    file, _, anchor = link.partition("#")
    return (page.parent / file).resolve() if file else page, anchor


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    """A link inside the repository names a file, and behind # one of its headings."""
    broken = []
    for link in filter(lambda link: not leads_outside(link), links(page)):
        file, anchor = target(page, link)
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(link)
    assert not broken


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Whoever begins at README.md or docs/README.md and follows links sees every page."""
    seen: set[Path] = set()
    left = [ROOT / "README.md", DOCS / "README.md"]
    while left:
        page = left.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        left.extend(target(page, link)[0] for link in links(page) if not leads_outside(link))
    assert not set(PAGES) - seen
