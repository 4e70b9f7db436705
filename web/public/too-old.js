// In the oldest JavaScript there is, for browsers that cannot run the app: says so instead of an empty page.
(function () {
  var has = 'noModule' in document.createElement('script') && typeof WebAssembly === 'object' && 'indexedDB' in window &&
    'crypto' in window && 'locks' in navigator && typeof Object.hasOwn === 'function'
  if (has) return
  var app = document.getElementById('app')
  if (app) app.textContent = '这个浏览器版本太低，打不开支部簿：请更新浏览器，或者用微信打开邀请链接。已经写过的内容不受影响。'
})()
