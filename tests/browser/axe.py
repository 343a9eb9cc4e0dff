"""axe-core, as its package brings it, to look at a page."""
import importlib.resources

import axe_playwright_python

AXE = importlib.resources.files(axe_playwright_python).joinpath("axe.min.js").read_text()
FIND = """async (within) => (await axe.run(within ?? document, { resultTypes: ['violations'] })).violations.map(
  ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target, any }) => target + ' ' + (any[0]?.message ?? '')).join(' | ')}`)"""


def axe_findings(page, within=None):
    """What axe-core finds wrong with the page, or a part of it, as it is now; colours have come to rest before."""
    page.evaluate(AXE)
    page.evaluate("Promise.all(document.getAnimations().filter((one) => one.effect.getTiming().iterations === 1)"
                  ".map((one) => one.finished.catch(() => {})))")
    return page.evaluate(FIND, within)
