import '@/design/tokens.css'
import './design/desk.css'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router.ts'
import { applyLook } from './shell/look.ts'

applyLook()
createApp(App).use(router).mount('#app')
