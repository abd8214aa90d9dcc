/** The bundler takes style sheets; there is nothing to import from them. */
declare module '*.css';
