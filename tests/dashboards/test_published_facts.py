"""The page of an event holds what we published against what is said, and links both."""

from __future__ import annotations

from collections.abc import Callable

import pypdfium2

from dashboards.briefings import fitting, flash, pdf_writer, special
from dashboards.briefings.content import Briefing, Paragraph, require_proof
from demo.office import Office
from demo.stories import moment_of
from pipeline.services import Services
from tests.dashboards.conftest import Browser, fire_of, signed_in


def written_at(services: Services, until: str, write: Callable[..., Briefing] = special.write) -> Briefing:
    """A briefing on the fire, after the office did what its script says."""
    page_at(services, until)
    with services.store.read() as connection:
        return write(connection, services.settings, fire_of(services), moment_of(until))


def words_of(made: Briefing) -> str:
    return "\n".join(sentence.text for sentence in made.sentences())


def page_at(services: Services, until: str) -> str:
    """The fire's page after the office did what its script says, step by step, until then."""
    office = Office(services)
    script = [step["at"] for story in office.stories for step in story.steps]
    for at in sorted({moment_of(at) for at in script if moment_of(at) <= moment_of(until)}):
        office.act(at)
    browser: Browser = signed_in(services, "fang_yi")
    return browser.get(f"/events/{fire_of(services)}")


def test_nothing_published_nothing_held_against_anybody(services: Services) -> None:
    assert 'id="published"' not in page_at(services, "15 04:00")


def test_the_rumour_stands_beside_the_published_number(services: Services) -> None:
    page = page_at(services, "15 14:30")
    assert "无人员死亡、失联" in page
    assert "与已发布事实不一致（发布前所说）：此文“死了三个”" in page
    assert 'href="https://www.yungang.example/fire/' in page
    assert 'href="#published">与已发布事实不一致</a>' in page.split('id="documents"')[1]
    assert "错误看法" not in page.split('id="published"')[1].split("</section>")[0]


def test_the_special_briefing_sets_both_beside_each_other_with_their_proofs(services: Services) -> None:
    words = words_of(written_at(services, "15 14:30"))
    assert "称“死了三个”" in words
    assert "发布为“无人员死亡、失联”" in words
    assert "错误" not in words


def test_the_flash_says_so_too_on_its_one_page(services: Services) -> None:
    made = written_at(services, "15 14:30", flash.write)
    leads = [block.lead for block in made.blocks if isinstance(block, Paragraph)]
    assert leads.index("与已发布不一致：") == leads.index("待核实：") + 1
    assert "称“死了三个”" in words_of(made)
    assert fitting.lines(made.blocks) <= fitting.flash_lines(made.title)
    require_proof(made)
    assert len(pypdfium2.PdfDocument(pdf_writer.write(made))) == 2  # the page and its annex of sources
