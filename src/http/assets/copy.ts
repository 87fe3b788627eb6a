/**
 * Shows the copy button, which does nothing without this script, and copies the text it names. Where the browser does
 * not let us (no https), the text is unfolded and selected instead.
 */
export const copyScript = `
for (const button of document.querySelectorAll('[data-copies]')) {
  const source = document.getElementById(button.dataset.copies)
  button.hidden = false
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(source.value)
      button.nextElementSibling.textContent = button.dataset.done
    } catch {
      source.closest('details').open = true
      source.select()
    }
  })
}
`
