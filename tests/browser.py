"""A headless Chromium and the chat page in it: what a person sees, presses and types."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

QUIET = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-gpu",
    "--disable-component-update", "--no-first-run", "--disable-sync", "--no-default-browser-check",
)  # fmt: skip


def programs() -> tuple[str, str]:
    """Chromium and its driver; skips where they are missing, and fails in CI."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if chromium and driver:
        return chromium, driver
    missing = "the chat page needs a browser: apt-get install chromium chromium-driver"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def start(profile: Path) -> webdriver.Chrome:
    """A fresh Chromium that fetches nothing by itself."""
    chromium, driver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*QUIET, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


class Page:
    """The page of one test, in a tab of its own."""

    def __init__(self, driver: webdriver.Chrome, port: int) -> None:
        self.driver, self.origin = driver, f"http://127.0.0.1:{port}"
        self.expected: list[str] = []  # what the console may say about failed requests
        old = driver.current_window_handle
        driver.switch_to.new_window("tab")
        fresh = driver.current_window_handle
        driver.switch_to.window(old)
        driver.close()
        driver.switch_to.window(fresh)
        self.cdp("Storage.clearDataForOrigin", origin=self.origin, storageTypes="all")
        driver.get_log("browser")
        driver.get_log("performance")

    def cdp(self, command: str, **values: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, values)

    def open(
        self, language: str = "zh-CN", size: tuple[int, int] = (420, 800), dark: bool = False, hash: str = ""
    ) -> None:
        agent = self.driver.execute_script("return navigator.userAgent")
        self.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        width, height = size
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.driver.get(f"{self.origin}/{hash}")

    def ready(self, **how: Any) -> "Page":
        """Open it and wait until one can write."""
        self.open(**how)
        self.until(lambda: self.one("#text").is_enabled())
        return self

    def until(self, true: Callable[[], Any]) -> Any:
        gone = (StaleElementReferenceException, NoSuchElementException, IndexError)
        return WebDriverWait(self.driver, LIMIT, 0.03, gone).until(lambda _: true())

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def seen(self, css: str) -> list[str]:
        """The texts of what is visible, taken in one moment."""
        script = """return [...document.querySelectorAll(arguments[0])].filter((each) =>
            each.checkVisibility({visibilityProperty: true})).map((each) => each.innerText.trim())"""
        return list(self.driver.execute_script(script, css))

    def press(self, css: str) -> None:
        """Click it, as soon as it is there and can be clicked."""

        def pressed() -> bool:
            button = self.one(css)
            if not (button.is_displayed() and button.is_enabled()):
                return False
            button.click()
            return True

        self.until(pressed)

    def act(self, name: str) -> None:
        """Press a button of the last turn."""
        self.press(f'.turn:last-child [data-act="{name}"]')

    def choose(self, css: str, label: str) -> None:
        """Pick an entry of a list."""
        Select(self.one(css)).select_by_visible_text(label)

    def type(self, *keys: str) -> None:
        self.one("#text").send_keys(*keys)

    def chord(self, held: str, key: str) -> None:
        ActionChains(self.driver).key_down(held).send_keys(key).key_up(held).perform()

    def say(self, text: str) -> None:
        self.type(text, Keys.ENTER)

    def talk(self) -> list[str]:
        """The talk as it stands there: `> ` before my own bubbles."""
        script = """return [...document.querySelectorAll(".turn")].flatMap(turn => [...turn.querySelectorAll(
            ".bubble:not(.dots)")].map(b => (turn.classList.contains("me") ? "> " : "") + b.textContent))"""
        return list(self.driver.execute_script(script))

    def shows(self, *lines: str) -> None:
        """Wait until exactly this is the talk, and nobody is typing."""
        self.until(lambda: self.talk() == list(lines) and not self.typing())

    def typing(self) -> bool:
        return self.one("#status").get_attribute("data-line") == "typing"

    def dots(self) -> int:
        return len(self.seen(".dots"))

    def reload(self) -> None:
        self.driver.refresh()
        self.until(lambda: self.one("#text").is_enabled())

    def problems(self) -> list[str]:
        """Whatever the console complained about, and every request to somebody else."""
        found = [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING") and not any(part in entry["message"] for part in self.expected)
        ]
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                url = event["params"]["request"]["url"]
                found += (
                    [] if url.startswith((self.origin + "/", "data:", "chrome:", "about:")) else [f"asked for {url}"]
                )
        return found
