from django.urls import path

from pult.orders import views

app_name = "orders"
urlpatterns = [
    path("orders/", views.order_list, name="list"),
    path("orders/arrived", views.arrived, name="arrived"),
    path("orders/<str:number>/", views.order_detail, name="detail"),
    path("orders/<str:number>/preview", views.preview, name="preview"),
    path("orders/<str:number>/raw", views.raw, name="raw"),
    path("orders/<str:number>/note", views.edit_note, name="note"),
    path("orders/<str:number>/tags", views.edit_tags, name="tags"),
    path("orders/<str:number>/lines/<int:position>/match", views.match_line, name="match"),
    path("orders/<str:number>/problems/<str:code>/settle", views.settle, name="settle"),
    path("orders/<str:number>/take", views.take_change, name="take"),
    path("orders/<str:number>/refuse", views.refuse_change, name="refuse"),
    path("orders/<str:number>/<str:step>", views.take_step, name="step"),
]
