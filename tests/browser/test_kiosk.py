"""Kiosk: numbers only, by address, with theme and refresh of its own."""
import pytest

from dashboard import Counts, soon

GONE = [".topbar", "#pause-switch", "[data-card=generate]", "[data-card=jobs]", "[data-card=newest]", ".footer"]
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def test_kiosk_by_address(open_page):
    page = open_page("/?kiosk&theme=dark", before=Counts(), viewport={"width": 1920, "height": 1080})
    for selector in GONE:
        assert not page.locator(selector).is_visible(), selector
    for card in ("users", "monthly", "growth", "map", "top-countries", "top-users", "devices", "gender", "rates"):
        assert page.locator(f'[data-card="{card}"]').is_visible(), card
    assert page.locator(".kioskbar .live").is_visible()
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080, "it all fits on one screen"
    assert page.evaluate(BACKGROUND) == open_page(color_scheme="dark").evaluate(BACKGROUND)


def test_k_enters_and_leaves(open_page):
    page = open_page()
    page.keyboard.press("k")
    assert page.url.endswith("/?kiosk") and not page.locator(".topbar").is_visible()
    page.reload()
    assert not page.locator(".topbar").is_visible()
    page.click("#kiosk-leave")
    assert "kiosk" not in page.url and page.locator(".topbar").is_visible()


@pytest.mark.parametrize("wish, fewest, most", [("1", 2, 5), ("3", 1, 2)])
def test_refresh_by_address(open_page, wish, fewest, most):
    """Seconds, whatever the server would have."""
    counts = Counts(interval=250)
    page = open_page(f"/?kiosk&refresh={wish}", before=counts)
    soon(page, lambda: counts.asked, 5)
    asked = counts.asked
    page.wait_for_timeout(4000)
    assert fewest <= counts.asked - asked <= most
