// 实时更新：听到有变化，就以自己的身份重新取本页，只换标了 data-live 的部分；没有 JavaScript 时页面照常可用。
(() => {
  const root = document.documentElement;
  const after = document.body.dataset.number;
  if (!after || !window.EventSource) return;
  let waiting = false, again = false, base = 1000;
  const sign = document.getElementById("live");
  const say = (text) => { if (sign) sign.textContent = text; };
  const version = (page) => [...page.querySelectorAll("link[rel=stylesheet],script[src]")].map((one) => one.getAttribute("href") || one.getAttribute("src")).join();
  async function refresh() {
    if (waiting) { again = true; return; }
    waiting = true;
    try {
      const answer = await fetch(location.href, { headers: { "x-live": "1" }, credentials: "same-origin" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") { location.reload(); return; }
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (version(fresh) !== version(document)) { location.reload(); return; } // 程序升级了
        for (const part of document.querySelectorAll("[data-live]")) {
          const next = fresh.getElementById(part.id);
          const busy = part.contains(document.activeElement) && document.activeElement.matches("input,textarea,select");
          if (next && !busy && next.innerHTML !== part.innerHTML) { part.innerHTML = next.innerHTML; }
        }
        root.dataset.refreshed = Date.now();
      }
    } catch { /* 断线时等下一次 */ } finally {
      waiting = false;
      if (again) { again = false; setTimeout(refresh, base); }
    }
  }
  function listen() {
    const line = new EventSource("/live?after=" + encodeURIComponent(after));
    line.onopen = () => { say("实时"); };
    line.onmessage = () => { refresh(); };
    line.onerror = () => {
      say("正在重连");
      if (line.readyState === EventSource.CLOSED) setTimeout(() => { listen(); refresh(); }, 3000);
    };
  }
  listen();
  addEventListener("online", refresh); // 网络恢复
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  setInterval(refresh, 60000); // 时限一分一分地走
})();
