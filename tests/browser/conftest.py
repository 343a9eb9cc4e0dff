"""A Chromium, and pages that remember whatever went wrong in them."""
import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]
WATCH_CSP = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, stack):
    """open_page(path, script=True, before=None, **context options): a page; at the test's end none may have had a fault.

    before(page) is called before it goes anywhere, to put routes and scripts of the test's own in place.
    """
    contexts, faults = [], []

    def open_one(path="/", script=True, before=None, **options):
        context = chromium.new_context(base_url=stack.url, java_script_enabled=script, **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        if script:
            context.add_init_script(WATCH_CSP)
        page = context.new_page()
        page.on("console", lambda said: said.type in ("error", "warning") and faults.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("request", lambda asked: asked.url.startswith((stack.url, "data:")) or faults.append(f"asked {asked.url}"))
        page.on("response", lambda got: got.status >= 400 and faults.append(f"{got.status} of {got.url}"))
        page.faults = faults
        if before:
            before(page)
        answer = page.goto(path, wait_until="load")
        assert answer.status == 200
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            if page.evaluate("typeof window.violations") == "object":
                faults += page.evaluate("window.violations")
        context.close()
    assert not faults, faults
