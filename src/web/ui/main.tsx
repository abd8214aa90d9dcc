import '@mantine/core/styles.css';
import './page.css';
import { MantineProvider, createTheme, type CSSVariablesResolver } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

/** Styles that are made while the page runs carry the nonce of this document. */
function styleNonce(): string {
  return document.querySelector('meta[name="style-nonce"]')?.getAttribute('content') ?? '';
}

const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: 8,
  defaultRadius: 'md',
  autoContrast: true,
});

/** Dimmed text that is still told apart from its ground (contrast of at least 4.5). */
const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#565e69', '--mantine-color-placeholder': '#6b7280' },
  dark: { '--mantine-color-dimmed': '#b4bac2', '--mantine-color-placeholder': '#9aa1ab' },
});

createRoot(document.getElementById('root')!).render(
  <MantineProvider
    theme={theme}
    defaultColorScheme="auto"
    getStyleNonce={styleNonce}
    cssVariablesResolver={variables}
  >
    <App />
  </MantineProvider>,
);
