import '@/design/tokens.css'
import './design/desk.css'
import { createApp } from 'vue'
import { chosenLanguage } from '@/words/console.ts'
import App from './App.vue'
import { router } from './router.ts'
import { applyLook } from './shell/look.ts'

document.documentElement.lang = chosenLanguage() === 'en' ? 'en' : 'zh-CN'
applyLook()
createApp(App).use(router).mount('#app')
