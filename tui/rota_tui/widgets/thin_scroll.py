"""A scroll whose pages out of sight are kept as blank space: an app lays out everything anew with every change."""

from __future__ import annotations

from textual.containers import VerticalScroll

from rota_tui.widgets.code_blocks import Page


class ThinScroll(VerticalScroll, can_focus=True):
    """Pages within half a screen of what is seen are whole."""

    def on_mount(self) -> None:
        self.anchor()

    def on_page_opened(self) -> None:
        self.call_after_refresh(self.thin)

    def on_page_needed(self) -> None:
        self.call_after_refresh(self.thin)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.call_after_refresh(self.thin)

    def on_resize(self) -> None:
        """Heights are those of a width."""
        for page in self.query(Page):
            page.thaw()
        self.call_after_refresh(self.thin)

    def thin(self) -> None:
        """Keep whole what is in sight or near it."""
        margin = self.outer_size.height // 2
        near = self.region.grow((margin, 0, margin, 0))
        for page in self.query(Page):
            if page.region.overlaps(near):
                page.thaw()
            else:
                page.freeze()
